// The descriptor that is returned belongs to libdwfl; all others are closed here.
#include "viewer/debug_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <libelf.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

namespace fs = std::filesystem;

constexpr char kDebugRoot[] = "/usr/lib/debug";

bool HasBuildId(int fd, absl::string_view wanted) {
  elf_version(EV_CURRENT);
  Elf* elf = elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  if (elf == nullptr) return false;
  const void* bits = nullptr;
  const ssize_t bytes = dwelf_elf_gnu_build_id(elf, &bits);
  const bool same = bytes > 0 && absl::string_view(static_cast<const char*>(bits), bytes) == wanted;
  elf_end(elf);
  return same;
}

// The checksum of .gnu_debuglink: CRC-32 as in zlib, over the whole file.
bool HasChecksum(int fd, GElf_Word wanted) {
  std::array<unsigned char, size_t{64} * 1024> bytes;
  uLong sum = crc32(0, nullptr, 0);
  ssize_t got;
  while ((got = read(fd, bytes.data(), bytes.size())) > 0) sum = crc32(sum, bytes.data(), static_cast<uInt>(got));
  return got == 0 && sum == wanted;
}

std::vector<fs::path> PlacesByName(const fs::path& file, absl::string_view link) {
  const std::string name(link);
  if (fs::path(name).is_absolute()) return {name};
  std::vector<fs::path> places;
  std::error_code unresolved;
  // /lib is a link to /usr/lib today, and the debug files may lie under either name.
  for (const fs::path& path : {file, fs::canonical(file, unresolved)}) {
    if (path.empty()) continue;
    const fs::path directory = path.parent_path();
    places.push_back(directory / name);
    places.push_back(directory / ".debug" / name);
    places.push_back(fs::path(kDebugRoot) / directory.relative_path() / name);
  }
  return places;
}

}  // namespace

int FindDebugFile(Dwfl_Module* module, void** /*user*/, const char* /*name*/, Dwarf_Addr /*base*/,
                  const char* file_name, const char* debuglink_file, GElf_Word debuglink_crc,
                  char** debuginfo_file_name) {
  // Also finds the file that dwz(1) split off, when that is what libdwfl asks for: hence without the names.
  const int by_id = dwfl_build_id_find_debuginfo(module, nullptr, nullptr, 0, nullptr, nullptr, 0, debuginfo_file_name);
  if (by_id >= 0) return by_id;
  if (file_name == nullptr || debuglink_file == nullptr) return -1;

  const unsigned char* bits = nullptr;
  GElf_Addr address = 0;
  const int bytes = dwfl_module_build_id(module, &bits, &address);
  for (const fs::path& place : PlacesByName(file_name, debuglink_file)) {
    const int fd = open(place.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const bool right = bytes > 0 ? HasBuildId(fd, absl::string_view(reinterpret_cast<const char*>(bits), bytes))
                                 : HasChecksum(fd, debuglink_crc);
    if (right && lseek(fd, 0, SEEK_SET) == 0) {
      *debuginfo_file_name = strdup(place.c_str());
      return fd;
    }
    close(fd);
  }
  return -1;
}

}  // namespace fdtrace
