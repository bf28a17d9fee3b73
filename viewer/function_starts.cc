// https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/ehframechpt.html
#include "viewer/function_starts.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

// The header of the search table as every linker writes it; others are not read.
constexpr unsigned char kUsualHeader[] = {1, 0x1b, 0x03, 0x3b};
constexpr size_t kTable = 12;  // behind the header, a pointer and the number of entries
constexpr size_t kEntry = 8;   // a function's start from the section's own address, and where its description is

absl::string_view SearchTable(Elf* elf, uint64_t& address) {
  size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return "";
  for (Elf_Scn* scn = elf_nextscn(elf, nullptr); scn != nullptr; scn = elf_nextscn(elf, scn)) {
    GElf_Shdr header;
    if (gelf_getshdr(scn, &header) == nullptr) continue;
    const char* const name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || absl::string_view(name) != ".eh_frame_hdr") continue;
    const Elf_Data* const data = elf_rawdata(scn, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return "";
    address = header.sh_addr;
    return {static_cast<const char*>(data->d_buf), data->d_size};
  }
  return "";
}

}  // namespace

FunctionStarts::FunctionStarts(Elf* elf) {
  uint64_t address = 0;
  const absl::string_view table = SearchTable(elf, address);
  if (table.size() < kTable || std::memcmp(table.data(), kUsualHeader, sizeof kUsualHeader) != 0) return;
  uint32_t count = 0;
  std::memcpy(&count, table.data() + kTable - sizeof count, sizeof count);
  const size_t entries = std::min<size_t>(count, (table.size() - kTable) / kEntry);
  starts_.reserve(entries);
  for (size_t i = 0; i < entries; ++i) {
    int32_t start = 0;
    std::memcpy(&start, table.data() + kTable + i * kEntry, sizeof start);
    starts_.push_back(address + static_cast<uint64_t>(int64_t{start}));
  }
  std::sort(starts_.begin(), starts_.end());
}

uint64_t FunctionStarts::Of(uint64_t address) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), address);
  return after == starts_.begin() ? 0 : *(after - 1);
}

}  // namespace fdtrace
