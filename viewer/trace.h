// A whole trace in memory. It is as large as the trace's sites and open descriptors, whatever the number of events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/trace.pb.h"

namespace fdtrace {

// A TraceStack in a quarter of its memory, for of large traces these are the most. `truncated` is left out.
struct StoredStack {
  struct Code {
    uint32_t module = 0;
    uint32_t python_code = 0;
    uint64_t address = 0;  // of Python code the line
  };

  explicit StoredStack(const TraceStack& stack);
  void Add(const TraceFrame& frame);

  uint32_t index = 0;
  std::vector<Code> frames;  // innermost first
};

// The records of each kind in the order of the file. Indices inside them (TraceSite.stack, …) are the records' own
// numbers, not positions here.
struct Trace {
  std::optional<TraceStart> start;
  std::vector<TraceProcess> processes;
  std::vector<TraceModule> modules;
  std::vector<TracePythonCode> python_code;
  std::vector<TracePythonName> python_names;
  std::vector<StoredStack> stacks;
  std::vector<TraceSite> sites;
  std::vector<TraceDescriptor> descriptors;
  std::vector<TraceSymbol> symbols;
  std::vector<TraceInherited> inherited;
  std::vector<TracePinned> pinned;
  std::vector<TraceLeftover> leftovers;
  std::vector<TraceGrowth> growths;
  std::vector<TraceFilesystem> filesystems;
  std::vector<TraceFailure> failures;
  std::vector<TraceTest> tests;
  std::vector<TraceBadClose> bad_closes;
  std::optional<TraceTimeline> timeline;
  std::optional<TraceEnd> end;  // none: recording was cut short
  std::string damage;           // where and how the file is damaged; empty when it is whole
};

// Redacted: as redaction.h has it.
enum class Secrets { kShown, kRedacted };

// A trace that was cut short or is damaged gives what there is before the damage. An error only when there is no trace
// to be read at all; it names the path.
absl::StatusOr<Trace> ReadTrace(const std::string& path, Secrets secrets = Secrets::kShown);

}  // namespace fdtrace
