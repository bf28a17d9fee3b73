// Any bytes as a trace file: it is read to where it is damaged, and extended from there.
#include <cstdlib>

#include "fuzz/memory_file.h"
#include "proto/trace_file.h"

namespace fdtrace {
namespace {

size_t CountRecords(const std::string& path) {
  const auto reader = TraceReader::Open(path);
  if (!reader.ok()) return 0;
  size_t records = 0;
  for (TraceRecord record; (*reader)->Next(record);) ++records;
  return records;
}

}  // namespace
}  // namespace fdtrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const fdtrace::MemoryFile file({reinterpret_cast<const char*>(data), bytes});
  const size_t before = fdtrace::CountRecords(file.path());
  const auto writer = fdtrace::TraceWriter::Extend(file.path());
  if (!writer.ok()) return 0;
  fdtrace::TraceRecord record;
  record.mutable_process()->set_serial(1);
  if (!(*writer)->Append(record).ok() || !(*writer)->Close().ok()) abort();
  // A block that is whole and holds no records hides what follows; nothing else does.
  if (fdtrace::CountRecords(file.path()) < before) abort();
  return 0;
}
