// What a program image tells of itself with its hello (proto/image.proto): its descriptors above all. The collector
// would else read it from /proc, which takes it longer, and the program waits for it.
#pragma once

#include <cstddef>
#include <span>

namespace fdtrace {

// Only at the start of an image, while it has one thread. ARGUMENTS are main's; null: not known. Returns the length; 0:
// something cannot be told, or not whole, so the collector has to look itself.
size_t DescribeImage(std::span<unsigned char> room, char* const* arguments);

}  // namespace fdtrace
