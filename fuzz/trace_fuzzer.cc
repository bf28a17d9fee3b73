// Any records, in a trace file that is sound: whatever they say, there is a report, in every form.
#include <zstd.h>

#include "fuzz/foreign_report.h"
#include "fuzz/memory_file.h"
#include "proto/crc32c.h"
#include "proto/trace_file.h"
#include "viewer/report_builder.h"
#include "viewer/trace.h"

namespace fdtrace {
namespace {

void Append32(uint32_t value, std::string& bytes) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); }

std::string TraceOf(const uint8_t* records, size_t bytes) {
  std::string block(ZSTD_compressBound(bytes), '\0');
  block.resize(ZSTD_compress(block.data(), block.size(), records, bytes, 1));
  std::string trace = "fdtrace\n";
  Append32(kTraceFileVersion, trace);
  Append32(static_cast<uint32_t>(block.size()), trace);
  Append32(static_cast<uint32_t>(bytes), trace);
  Append32(Crc32c(block), trace);
  return trace + block;
}

}  // namespace
}  // namespace fdtrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const fdtrace::MemoryFile file(fdtrace::TraceOf(data, bytes));
  const auto trace = fdtrace::ReadTrace(file.path());
  if (!trace.ok()) return 0;
  fdtrace::BuildReport(*trace, fdtrace::ShownFrames::kAll);
  fdtrace::UseReport(fdtrace::BuildReport(*trace));
  return 0;
}
