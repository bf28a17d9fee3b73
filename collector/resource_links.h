// What a descriptor is open on, by the target of its /proc/PID/fd link.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/event.pb.h"

namespace fdtrace {

// RESOURCE_UNKNOWN for a path: only the file itself tells a directory from a device (ResourceOfFile).
Resource ResourceOfLink(std::string_view link);

// By st_mode and the major number of st_rdev.
Resource ResourceOfFile(uint32_t mode, uint32_t device_major);

// N of "socket:[N]" or "pipe:[N]".
std::optional<uint64_t> InodeOfLink(std::string_view link);

}  // namespace fdtrace
