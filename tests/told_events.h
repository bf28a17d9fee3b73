// What the library tells of real calls: its events as the collector reads them, before anything is made of them.
#pragma once

#include <string>
#include <vector>

#include "proto/event.pb.h"

namespace fdtrace {

// Runs a program of tests/programs/ with the library in it, and all that it starts. The test fails unless it ends with
// status 0 within a limit, and if an event was lost. Of a thread in order.
std::vector<Event> EventsOf(const std::vector<std::string>& command);

}  // namespace fdtrace
