// Any text as a report in JSON that an earlier fdtrace wrote.
#include "findings/stored_report.h"
#include "fuzz/foreign_report.h"
#include "fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const fdtrace::MemoryFile file({reinterpret_cast<const char*>(data), bytes});
  const auto report = fdtrace::ReadStoredReport(file.path());
  if (report.ok()) fdtrace::UseReport(*report);
  return 0;
}
