// Any bytes as the file of a program that is about to be run.
#include "collector/elf_file.h"
#include "collector/program.h"
#include "fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const fdtrace::MemoryFile file({reinterpret_cast<const char*>(data), bytes});
  fdtrace::ReadElfFile(file.fd());
  fdtrace::InspectProgram(file.path(), {.uid = 1, .gid = 1});
  return 0;
}
