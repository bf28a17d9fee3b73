// The test that the process says it is in, by fdtrace_mark (integrations/fdtrace.h): one for all threads. A forked
// child has its parent's, by memory. Lock-free; safe in signal handlers and after fork.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fdtrace {

// Mark.key of proto/event.proto; 0: none is running.
uint64_t CurrentMark();

// NAME, cut at kMaxMarkBytes, is the current one from here on; null or "": none is.
void SetCurrentMark(const char* name);

// The key's name, as far as it has room, while it is the current one. Returns its bytes; 0: another began meanwhile.
size_t CopyMarkName(uint64_t key, std::span<unsigned char> room);

// Has the collector been told what the key means, by this process or the one that its memory was copied from?
bool IsMarkTold(uint64_t key);
void SetMarkTold(uint64_t key);

// How often the current one was set. A thread's block of lifetime ids ends with each, so that the ids of two tests
// never mix.
uint32_t MarksMade();

}  // namespace fdtrace
