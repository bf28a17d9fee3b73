// An object's attributes are in a dict, or, as long as nobody asked for one, in an array whose names its type knows. A
// dict is a table of entries behind a table of indices. As Include/internal/pycore_dict.h and pycore_object.h of each
// version have it.
#include "interposer/python_objects.h"

#include <algorithm>

#include "interposer/python_text.h"

namespace fdtrace {
namespace {

constexpr uint16_t kTypeBasicSize = 32;
constexpr uint16_t kTypeFlags = 168;
constexpr uint16_t kTypeDictOffset = 288;
constexpr uint64_t kInlineValues = 1 << 2;  // of a type's flags
constexpr uint64_t kManagedDict = 1 << 4;
constexpr uint16_t kDictKeys = 32;
constexpr uint16_t kDictValues = 40;

class Attributes {
 public:
  Attributes(const PythonInterpreter& python, ReadableMemory& memory, const char* name)
      : python_(python), memory_(memory), name_(name) {}

  uintptr_t Of(uintptr_t object) const {
    const uintptr_t type = Word(object + kObjectType);
    switch (python_.layout.attributes) {
      case AttributeStore::kDict: {
        const uintptr_t offset = Word(type + kTypeDictOffset);
        constexpr uintptr_t kMostBytes = 1 << 16;
        return offset == 0 || offset > kMostBytes ? 0 : InDict(Word(object + offset));
      }
      case AttributeStore::kValuesOrDict: {
        if ((Word(type + kTypeFlags) & kManagedDict) == 0) return 0;
        const uintptr_t values = Word(object - 4 * kWord);
        return values != 0 ? InValues(type, values) : InDict(Word(object - 3 * kWord));
      }
      case AttributeStore::kTagged: {
        if ((Word(type + kTypeFlags) & kManagedDict) == 0) return 0;
        const uintptr_t tagged = Word(object - 3 * kWord);
        return (tagged & 1) != 0 ? InValues(type, tagged + 1) : InDict(tagged);
      }
      case AttributeStore::kInline: {
        constexpr uintptr_t kIsValid = 3;
        const uintptr_t flags = Word(type + kTypeFlags);
        if ((flags & kManagedDict) == 0) return 0;
        const uintptr_t values = object + Word(type + kTypeBasicSize);
        const bool inlined = (flags & kInlineValues) != 0 && memory_.Read<uint8_t>(values + kIsValid).value_or(0) == 1;
        return inlined ? InValues(type, values) : InDict(Word(object - 3 * kWord));
      }
    }
    return 0;
  }

 private:
  static constexpr uintptr_t kWord = sizeof(uintptr_t);

  struct Entries {
    uintptr_t first = 0;
    uintptr_t count = 0;
    uintptr_t bytes = 0;  // of each
    uintptr_t key = 0;    // in each; its value is behind it
  };

  uintptr_t Word(uintptr_t at) const { return memory_.Read<uintptr_t>(at).value_or(0); }

  uintptr_t InValues(uintptr_t type, uintptr_t values) const {
    return Look(Word(type + python_.layout.type_cached_keys), values);
  }

  uintptr_t InDict(uintptr_t dict) const {
    return dict == 0 ? 0 : Look(Word(dict + kDictKeys), Word(dict + kDictValues));
  }

  // VALUES 0: they are in the table.
  uintptr_t Look(uintptr_t keys, uintptr_t values) const {
    const Entries entries = EntriesOf(keys);
    constexpr uintptr_t kMost = 64;
    for (uintptr_t i = 0; i < std::min(entries.count, kMost); ++i) {
      const uintptr_t key = entries.first + i * entries.bytes + entries.key;
      if (!PythonText(python_, memory_, Word(key)).Equals(name_)) continue;
      const uintptr_t header = python_.layout.attributes == AttributeStore::kInline ? kWord : 0;
      return Word(values == 0 ? key + kWord : values + header + i * kWord);
    }
    return 0;
  }

  Entries EntriesOf(uintptr_t keys) const {
    if (keys == 0) return {};
    if (python_.layout.attributes == AttributeStore::kDict) {
      const uintptr_t size = Word(keys + 8);
      const uintptr_t width = size <= 0xff ? 1 : size <= 0xffff ? 2 : 4;
      return {.first = keys + 40 + size * width, .count = Word(keys + 32), .bytes = 3 * kWord, .key = kWord};
    }
    const unsigned log2_index_bytes = memory_.Read<uint8_t>(keys + 9).value_or(0) & 31;
    const bool has_hashes = memory_.Read<uint8_t>(keys + 10).value_or(0) == 0;
    return {.first = keys + 32 + (uintptr_t{1} << log2_index_bytes),
            .count = Word(keys + 24),
            .bytes = (has_hashes ? 3 : 2) * kWord,
            .key = has_hashes ? kWord : 0};
  }

  const PythonInterpreter& python_;
  ReadableMemory& memory_;
  const char* name_;
};

}  // namespace

uintptr_t PythonAttribute(const PythonInterpreter& python, ReadableMemory& memory, uintptr_t object, const char* name) {
  return Attributes(python, memory, name).Of(object);
}

}  // namespace fdtrace
