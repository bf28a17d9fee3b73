// Reads at most the file header, the program headers and the interpreter's name.
#include "collector/elf_file.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <vector>

namespace fdtrace {
namespace {

constexpr unsigned char kThisClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kThisOrder = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
#if defined(__x86_64__)
constexpr uint16_t kThisProcessor = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kThisProcessor = EM_AARCH64;
#else
#error "fdtrace knows x86-64 and AArch64"
#endif

bool ReadAt(int descriptor, void* to, size_t bytes, uint64_t offset) {
  return pread(descriptor, to, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

std::optional<std::string> ReadInterpreter(int descriptor, const ElfW(Phdr) & segment) {
  if (segment.p_filesz == 0 || segment.p_filesz > PATH_MAX) return std::nullopt;
  std::string name(segment.p_filesz, '\0');
  if (!ReadAt(descriptor, name.data(), name.size(), segment.p_offset)) return std::nullopt;
  name.resize(strnlen(name.data(), name.size()));
  return name;
}

}  // namespace

std::optional<ElfFile> ReadElfFile(int descriptor) {
  ElfW(Ehdr) header;
  // e_ident and e_machine stand at the same place in both classes; a 32-bit file may be shorter than a 64-bit header.
  unsigned char start[offsetof(ElfW(Ehdr), e_version)];
  if (!ReadAt(descriptor, start, sizeof(start), 0) || memcmp(start, ELFMAG, SELFMAG) != 0) return std::nullopt;
  memcpy(&header, start, sizeof(start));

  ElfFile file;
  file.this_machine = header.e_ident[EI_CLASS] == kThisClass && header.e_ident[EI_DATA] == kThisOrder &&
                      header.e_machine == kThisProcessor;
  if (!file.this_machine) return file;

  if (!ReadAt(descriptor, &header, sizeof(header), 0) || header.e_phentsize != sizeof(ElfW(Phdr))) return std::nullopt;
  file.is_shared_object = header.e_type == ET_DYN;
  std::vector<ElfW(Phdr)> segments(header.e_phnum);
  if (!ReadAt(descriptor, segments.data(), segments.size() * sizeof(ElfW(Phdr)), header.e_phoff)) return std::nullopt;
  for (const ElfW(Phdr) & segment : segments) {
    if (segment.p_type == PT_INTERP) file.interpreter = ReadInterpreter(descriptor, segment);
  }
  return file;
}

}  // namespace fdtrace
