// What to do about code that is known to leak the way it is used. Pure.
#pragma once

#include <string>

#include "viewer/frames.h"

namespace fdtrace {

// Of a stack that opened, before anything is folded. Empty where nothing is known.
std::string AdviceOn(FrameSpan frames);

}  // namespace fdtrace
