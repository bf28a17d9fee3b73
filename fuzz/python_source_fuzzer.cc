// Any text as the source of a Python function: its first line, a byte for the length of its name, the name, the source.
#include "fuzz/input.h"
#include "viewer/python_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  fdtrace::Input input(data, bytes);
  const auto first_line = input.Take<uint16_t>();
  const std::string name = input.TakeText();
  fdtrace::QualifiedPythonName(input.TakeRest(), name, first_line);
  return 0;
}
