// Interposed functions that make and close nothing, and tell of a failure by other means than a negative result.
#include "interposer/failures.h"
#include "interposer/interposed_functions.h"
#include "interposer/real_functions.h"
#include "interposer/streams.h"
#include "interposer/undeclared.h"

namespace fdtrace {
namespace {

// Of a stream over memory, and of all streams at once, there is nothing to tell.
int Flushed(Row row, FILE* stream, int result) {
  if (result != 0) [[unlikely]]
    RecordFailure(row, errno, Given::To(StreamDescriptor(stream)));
  return result;
}

size_t Wrote(Row row, FILE* stream, size_t size, size_t count, size_t written) {
  if (written < count && size != 0) [[unlikely]]
    RecordFailure(row, errno, Given::To(StreamDescriptor(stream)));
  return written;
}

int Allocated(Row row, int fd, int error) {
  if (error != 0) [[unlikely]]
    RecordFailure(row, error, Given::To(fd));
  return error;
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

#define REAL(name) Real<decltype(::name)>(Row::name)

FDTRACE_EXPORT int fflush(FILE* stream) { return Flushed(Row::fflush, stream, REAL(fflush)(stream)); }
FDTRACE_EXPORT int fflush_unlocked(FILE* stream) {
  return Flushed(Row::fflush_unlocked, stream, REAL(fflush_unlocked)(stream));
}
FDTRACE_EXPORT int _IO_fflush(FILE* stream) { return Flushed(Row::_IO_fflush, stream, REAL(_IO_fflush)(stream)); }

FDTRACE_EXPORT size_t fwrite(const void* data, size_t size, size_t count, FILE* stream) {
  return Wrote(Row::fwrite, stream, size, count, REAL(fwrite)(data, size, count, stream));
}
FDTRACE_EXPORT size_t fwrite_unlocked(const void* data, size_t size, size_t count, FILE* stream) {
  return Wrote(Row::fwrite_unlocked, stream, size, count, REAL(fwrite_unlocked)(data, size, count, stream));
}
FDTRACE_EXPORT size_t _IO_fwrite(const void* data, size_t size, size_t count, FILE* stream) {
  return Wrote(Row::_IO_fwrite, stream, size, count, REAL(_IO_fwrite)(data, size, count, stream));
}

FDTRACE_EXPORT int posix_fallocate(int fd, off_t at, off_t size) {
  return Allocated(Row::posix_fallocate, fd, REAL(posix_fallocate)(fd, at, size));
}
FDTRACE_EXPORT int posix_fallocate64(int fd, off64_t at, off64_t size) {
  return Allocated(Row::posix_fallocate64, fd, REAL(posix_fallocate64)(fd, at, size));
}
