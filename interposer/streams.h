// What a stream holds of its file. Read from the FILE itself: taking its lock could deadlock, and flushing it would
// take from the program the error that its own flush is to meet. Safe after fork and in signal handlers.
#pragma once

#include <stdio.h>

#include <cstdint>
#include <optional>

#include "interposer/filesystem_facts.h"

namespace fdtrace {

// A FILE's number without its lock; streams over memory have none. Null is for the real function to judge.
inline int StreamDescriptor(FILE* stream) { return stream == nullptr ? -1 : stream->_fileno; }

// Of its file, of which the kernel says that it has SIZE, once what is buffered is written. Exact where that succeeds;
// what buffered wide characters come to only libc knows, and they are left out.
uint64_t SizeOnceWritten(const FILE& stream, uint64_t size);

// That of the file which closing the stream will write to, where it has something buffered.
std::optional<FilesystemFacts> FilesystemToBeWritten(const FILE& stream);

}  // namespace fdtrace
