// Any bytes as a table of lines of Python code: kind, first line, offset, table.
#include "fuzz/input.h"
#include "interposer/python_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  fdtrace::Input input(data, bytes);
  const auto kind = static_cast<fdtrace::LineTable>(input.Take<uint8_t>() % 3);
  const auto first_line = input.Take<uint32_t>();
  const auto offset = input.Take<int64_t>();
  const std::string table = input.TakeRest();
  fdtrace::PythonLine(kind, {reinterpret_cast<const unsigned char*>(table.data()), table.size()}, first_line, offset);
  return 0;
}
