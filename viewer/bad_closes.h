// Calls that were given a descriptor that was not open, by what happened and where.
#pragma once

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// What was closed twice in any way comes first, then what was used after it was closed, then what was never opened; of
// each the most frequent first, then the earliest.
google::protobuf::RepeatedPtrField<BadClose> BadClosesOf(const Trace& trace, ShownStacks& stacks);

}  // namespace fdtrace
