// Files without a name that were held, from a trace to the rows of a report.
#pragma once

#include <cstdint>
#include <map>

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/places.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// One row for each file: the most allocated bytes first, then the largest in appearance, then the first removed.
google::protobuf::RepeatedPtrField<PinnedFile> PinnedFilesOf(const Trace& trace, ShownStacks& stacks);

// The same files by the place that opened them, the most frequent where there are several: the most bytes first. Their
// bytes and numbers add up to those of all files.
google::protobuf::RepeatedPtrField<PinnedSite> PinnedSitesOf(const Trace& trace, ShownStacks& stacks);

// Of files that descriptors opened at a place hold, each file once for each place. Where a descriptor came by fork or
// exec, the place is the one that opened the file. No mappings.
std::map<CallAndStack, uint64_t> PinnedBytesByPlace(const Trace& trace, ShownStacks& stacks);

}  // namespace fdtrace
