// Files that the program made and left, from a trace to the rows of a report.
#pragma once

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each directory and pattern of names: those in directories for temporary files first, then the most
// allocated bytes, then the most files.
google::protobuf::RepeatedPtrField<Leftover> LeftoversOf(const Trace& trace, ShownStacks& stacks);

}  // namespace fdtrace
