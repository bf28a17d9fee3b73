// Why a call failed, as far as the error, the call and what the system showed then tell. Pure.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/event.pb.h"
#include "proto/trace.pb.h"

namespace fdtrace {

// For want of descriptors or of space: EMFILE, ENFILE, ENOSPC, EDQUOT; or of room in an fd_set.
bool IsLack(const Failed& failed);

// A call that fails by EMFILE for one reason alone: of the numbers below RLIMIT_NOFILE too few are free. So all of them
// are taken, but one where the call makes two descriptors.
bool TakesLowestNumber(absl::string_view function);
bool MakesTwo(absl::string_view function);

// OPEN: descriptors that the process had, as far as they are known. FUNCTION is empty where it is not known.
TraceFailure::Cause CauseOf(const Failed& failed, absl::string_view function, uint64_t open);

}  // namespace fdtrace
