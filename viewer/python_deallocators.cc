// A PyTypeObject has its name, sizes and deallocator one behind the other; a PyType_Slot the number of its kind before
// the function. https://docs.python.org/3/c-api/typeobj.html
#include "viewer/python_deallocators.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

constexpr uint64_t kWord = 8;
constexpr uint64_t kDeallocatorSlot = 52;  // Py_tp_dealloc of typeslots.h
constexpr size_t kToFinalizer = 392 - 48;  // from PyTypeObject.tp_dealloc to tp_finalize

struct Section {
  uint64_t address = 0;
  absl::string_view content;
  bool is_code = false;
  bool is_data = false;
};

class Image {
 public:
  explicit Image(Elf* elf) {
    for (Elf_Scn* scn = elf_nextscn(elf, nullptr); scn != nullptr; scn = elf_nextscn(elf, scn)) {
      GElf_Shdr header;
      if (gelf_getshdr(scn, &header) == nullptr || header.sh_type != SHT_PROGBITS) continue;
      if ((header.sh_flags & SHF_ALLOC) == 0) continue;
      const Elf_Data* const data = elf_rawdata(scn, nullptr);
      if (data == nullptr || data->d_buf == nullptr) continue;
      sections_.push_back({.address = header.sh_addr,
                           .content = {static_cast<const char*>(data->d_buf), data->d_size},
                           .is_code = (header.sh_flags & SHF_EXECINSTR) != 0,
                           .is_data = (header.sh_flags & SHF_WRITE) != 0});
    }
  }

  const std::vector<Section>& sections() const { return sections_; }

  const Section* At(uint64_t address) const {
    for (const Section& section : sections_) {
      if (address - section.address < section.content.size()) return &section;
    }
    return nullptr;
  }

  // "_io.TextIOWrapper"; empty where no such name begins.
  absl::string_view NameAt(uint64_t address) const {
    constexpr size_t kLongest = 80;
    const Section* const section = At(address);
    if (section == nullptr || section->is_code) return "";
    const absl::string_view rest = section->content.substr(address - section->address, kLongest);
    const size_t end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return end == rest.npos || rest[end] != '\0' ? "" : rest.substr(0, end);
  }

 private:
  std::vector<Section> sections_;
};

uint64_t WordAt(absl::string_view content, size_t offset) {
  uint64_t word;
  std::memcpy(&word, content.data() + offset, sizeof word);
  return word;
}

// Whether a PyTypeObject's deallocator is at this offset of a data section: then the type's name, else nothing.
absl::string_view TypeWithDeallocatorAt(const Image& image, absl::string_view data, size_t offset) {
  constexpr uint64_t kMostBytes = 1 << 16;
  if (offset < 3 * kWord) return "";
  const uint64_t item_bytes = WordAt(data, offset - kWord);
  const uint64_t basic_bytes = WordAt(data, offset - 2 * kWord);
  if (basic_bytes == 0 || basic_bytes > kMostBytes || item_bytes > kMostBytes) return "";
  return image.NameAt(WordAt(data, offset - 3 * kWord));
}

}  // namespace

absl::flat_hash_map<uint64_t, std::string> FindPythonDeallocators(Elf* elf) {
  const Image image(elf);
  absl::flat_hash_map<uint64_t, std::string> deallocators;
  const auto add = [&](absl::string_view data, size_t offset, const std::string& name) {
    if (offset + kWord > data.size()) return;
    const uint64_t function = WordAt(data, offset);
    const Section* const code = image.At(function);
    if (code != nullptr && code->is_code) deallocators.try_emplace(function, name);
  };
  for (const Section& section : image.sections()) {
    if (!section.is_data) continue;
    const absl::string_view data = section.content;
    for (size_t offset = kWord; offset + kWord <= data.size(); offset += kWord) {
      if (WordAt(data, offset) == 0) continue;
      if (WordAt(data, offset - kWord) == kDeallocatorSlot) add(data, offset, "tp_dealloc");
      const absl::string_view type = TypeWithDeallocatorAt(image, data, offset);
      if (type.empty()) continue;
      add(data, offset, absl::StrCat(type, ".tp_dealloc"));
      add(data, offset + kToFinalizer, absl::StrCat(type, ".tp_finalize"));
    }
  }
  return deallocators;
}

}  // namespace fdtrace
