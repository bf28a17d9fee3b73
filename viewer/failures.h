// Calls that failed, from a trace to the rows of a report.
#pragma once

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each call, stack, error and cause that a reader can tell apart: those for want of descriptors first, then
// the most frequent.
google::protobuf::RepeatedPtrField<Failure> FailuresOf(const Trace& trace, ShownStacks& stacks);

}  // namespace fdtrace
