// What programs received for want of CLOEXEC, from a trace to the rows of a report.
#pragma once

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each call and stack as shown and each receiving program: counts add up, the numbers are those of all, the
// processes those of the first. The most received first; what fdtrace's own caller passed on comes last.
google::protobuf::RepeatedPtrField<Inherited> InheritedOf(const Trace& trace, ShownStacks& stacks);

}  // namespace fdtrace
