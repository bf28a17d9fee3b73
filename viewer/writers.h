// Which code made files grow, from a trace to the rows of a report.
#pragma once

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each call and stack as shown: bytes and files add up, the path is that of the record with the most bytes.
// The most bytes first, then the most files.
google::protobuf::RepeatedPtrField<Writer> WritersOf(const Trace& trace, ShownStacks& stacks);

}  // namespace fdtrace
