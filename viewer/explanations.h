// Why a call failed and what to do, in one sentence. Pure.
#pragma once

#include <string>

#include "proto/report.pb.h"

namespace fdtrace {

// Without its full stop. It says no more than what FAILURE, all but its explanation, shows: where it is not known who
// has what was missing, the sentence names nobody.
std::string ExplanationOf(const Failure& failure);

}  // namespace fdtrace
