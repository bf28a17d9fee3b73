// The trace file's framing: what the writer in the collector and the reader in the viewer agree on. The format itself
// is described in trace.proto.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/trace.pb.h"

namespace fdtrace {

inline constexpr uint32_t kTraceFileVersion = 1;

// Appends records to a trace file, a compressed block at a time.
class TraceWriter {
 public:
  // Makes PATH anew, replacing what is there, and writes the header. Errors name the path and the reason.
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Create(const std::string& path);
  // Goes on after the last whole block of an existing trace of this version.
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Extend(const std::string& path);

  virtual ~TraceWriter() = default;
  virtual absl::Status Append(const TraceRecord& record) = 0;
  // Ends the block: what was appended so far is in the file, readable even if no more follows.
  virtual absl::Status Flush() = 0;
  virtual absl::Status Close() = 0;  // flushes; later calls fail
};

// Reads the records back, in order.
class TraceReader {
 public:
  // Not found, unreadable, not a trace, or a newer version: an error that says which and what to do.
  static absl::StatusOr<std::unique_ptr<TraceReader>> Open(const std::string& path);

  virtual ~TraceReader() = default;
  // False at the end or where the file is damaged; everything before the damage was returned.
  virtual bool Next(TraceRecord& record) = 0;
  // Empty while no damage was met; else what is wrong and at which byte of the file.
  virtual const std::string& damage() const = 0;
};

}  // namespace fdtrace
