// Bytes of files without a name over time, from a trace to the parts of a report.
#pragma once

#include <cstdint>
#include <vector>

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each file system that ever had such bytes: the highest peak first. The sites have bytes and no files; the
// timeline has the file system's own windows, from the start.
google::protobuf::RepeatedPtrField<PinnedFilesystem> PinnedFilesystemsOf(const Trace& trace, ShownStacks& stacks);

// For each window of WINDOW_NS from the start, the sum over file systems of the most bytes that each had in it; as many
// windows as it takes to show all.
std::vector<uint64_t> PinnedOverTime(const Trace& trace, uint64_t window_ns);

}  // namespace fdtrace
