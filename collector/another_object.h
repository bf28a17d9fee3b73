// Is what /proc shows at a number certainly not what a call made there? Pure.
#pragma once

#include "proto/event.pb.h"

namespace fdtrace {

// MADE: what the function makes; HAS_PATH: it was given one; SEEN: what /proc shows. In doubt: false.
bool IsAnotherObject(Resource made, bool has_path, Resource seen);

}  // namespace fdtrace
