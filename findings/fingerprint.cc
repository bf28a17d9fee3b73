#include "findings/fingerprint.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fdtrace {
namespace {

// FNV-1a: the same on every machine and in every version, as what is kept in files must be.
class Hash {
 public:
  // Parts are told apart: "ab", "c" is not "a", "bc".
  void Add(absl::string_view part) {
    for (const char c : part) AddByte(static_cast<unsigned char>(c));
    AddByte(0xff);  // in no UTF-8
  }
  uint64_t value() const { return value_; }

 private:
  void AddByte(unsigned char byte) {
    value_ ^= byte;
    value_ *= 0x100000001b3;
  }
  uint64_t value_ = 0xcbf29ce484222325;
};

// "libssl.so" of "/usr/lib/libssl.so.3.0.1".
absl::string_view WithoutVersion(absl::string_view module) {
  const absl::string_view name = Basename(module);
  const size_t suffix = name.find(".so.");
  return suffix == name.npos ? name : name.substr(0, suffix + 3);
}

std::string PartOf(const Frame& frame) {
  return absl::StrCat(ShortFunction(frame.function()), "\t", Basename(frame.file()), "\t",
                      WithoutVersion(frame.module()));
}

}  // namespace

std::string Fingerprint(absl::string_view kind, absl::string_view call, const Frames& stack, absl::string_view detail) {
  Hash hash;
  hash.Add(kind);
  hash.Add(call);
  std::string before;
  for (const Frame& frame : stack) {
    std::string part = PartOf(frame);
    if (part == before) continue;
    hash.Add(part);
    before = std::move(part);
  }
  if (stack.empty()) hash.Add(detail);
  return absl::StrFormat("%016x", hash.value());
}

}  // namespace fdtrace
