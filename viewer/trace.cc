// Sorts a trace's records by kind; believes nothing else about them.
#include "viewer/trace.h"

#include <memory>
#include <utility>

#include "proto/redaction.h"
#include "proto/trace_file.h"

namespace fdtrace {
namespace {

void Keep(TraceRecord& record, Trace& trace) {
  switch (record.record_case()) {
    case TraceRecord::kStart:
      trace.start = std::move(*record.mutable_start());
      break;
    case TraceRecord::kProcess:
      trace.processes.push_back(std::move(*record.mutable_process()));
      break;
    case TraceRecord::kModule:
      trace.modules.push_back(std::move(*record.mutable_module()));
      break;
    case TraceRecord::kStack:
      trace.stacks.emplace_back(record.stack());
      break;
    case TraceRecord::kSite:
      trace.sites.push_back(std::move(*record.mutable_site()));
      break;
    case TraceRecord::kOpenDescriptor:
      trace.descriptors.push_back(std::move(*record.mutable_open_descriptor()));
      break;
    case TraceRecord::kTimeline:
      trace.timeline = std::move(*record.mutable_timeline());
      break;
    case TraceRecord::kSymbol:
      trace.symbols.push_back(std::move(*record.mutable_symbol()));
      break;
    case TraceRecord::kInherited:
      trace.inherited.push_back(std::move(*record.mutable_inherited()));
      break;
    case TraceRecord::kPinned:
      trace.pinned.push_back(std::move(*record.mutable_pinned()));
      break;
    case TraceRecord::kLeftover:
      trace.leftovers.push_back(std::move(*record.mutable_leftover()));
      break;
    case TraceRecord::kGrowth:
      trace.growths.push_back(std::move(*record.mutable_growth()));
      break;
    case TraceRecord::kFilesystem:
      trace.filesystems.push_back(std::move(*record.mutable_filesystem()));
      break;
    case TraceRecord::kFailure:
      trace.failures.push_back(std::move(*record.mutable_failure()));
      break;
    case TraceRecord::kTest:
      trace.tests.push_back(std::move(*record.mutable_test()));
      break;
    case TraceRecord::kBadClose:
      trace.bad_closes.push_back(std::move(*record.mutable_bad_close()));
      break;
    case TraceRecord::kPythonCode:
      trace.python_code.push_back(std::move(*record.mutable_python_code()));
      break;
    case TraceRecord::kPythonName:
      trace.python_names.push_back(std::move(*record.mutable_python_name()));
      break;
    case TraceRecord::kEnd:
      trace.end = std::move(*record.mutable_end());
      break;
    case TraceRecord::RECORD_NOT_SET:
      break;  // of a kind that a later version added without a new file version
  }
}

}  // namespace

StoredStack::StoredStack(const TraceStack& stack) : index(stack.index()) {
  frames.reserve(static_cast<size_t>(stack.frames_size()));
  for (const TraceFrame& frame : stack.frames()) Add(frame);
}

void StoredStack::Add(const TraceFrame& frame) {
  if (frame.python_code() != 0) {
    frames.push_back({.python_code = frame.python_code(), .address = frame.line()});
  } else {
    frames.push_back({.module = frame.module(), .address = frame.address()});
  }
}

absl::StatusOr<Trace> ReadTrace(const std::string& path, Secrets secrets) {
  Redaction redaction;
  if (secrets == Secrets::kRedacted) {
    absl::StatusOr<Redaction> learnt = Redaction::Of(path);
    if (!learnt.ok()) return learnt.status();
    redaction = *std::move(learnt);
  }
  absl::StatusOr<std::unique_ptr<TraceReader>> reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  Trace trace;
  TraceRecord record;
  while ((*reader)->Next(record)) {
    if (secrets == Secrets::kRedacted) redaction.Apply(record);
    Keep(record, trace);
  }
  trace.damage = (*reader)->damage();
  return trace;
}

}  // namespace fdtrace
