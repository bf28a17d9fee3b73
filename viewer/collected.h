// The descriptors that Python closed with the objects that had them.
#pragma once

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each place that opened some, most first.
google::protobuf::RepeatedPtrField<Collected> CollectedOf(const Trace& trace, ShownStacks& stacks);

}  // namespace fdtrace
