// From the sites of a trace to the leaks of a report.
#pragma once

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each call and stack as shown of which descriptors are still open: GROWING before HELD before SINGLE, then
// the most still open, then the first opened. Sites that look the same to a reader are one row: counts add up, the
// verdict is the worst (and never SINGLE for two), and peak_open, whose moments are not known, is the most that is
// certain; such a row has no curve, for the same reason. A curve's times never go back. The sum of still_open over the
// rows is that over the sites. Inherited descriptors and those whose origin was not seen have no site, so no row.
google::protobuf::RepeatedPtrField<LeakSite> LeaksOf(const Trace& trace, ShownStacks& stacks);

// The order of rows: see LeaksOf.
bool RanksBefore(const LeakSite& a, const LeakSite& b);

// "message queue" for MESSAGE_QUEUE, "unknown" for what the kernel was not asked about.
std::string ResourceName(Resource resource);

// What a descriptor is open on, as well as it is known: the kernel's description, the link in /proc, or else the path
// that was passed to the call, which is then said.
std::string ShownPath(const TraceDescriptor& descriptor);

}  // namespace fdtrace
