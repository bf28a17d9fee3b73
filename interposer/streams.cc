#include "interposer/streams.h"

#include <fcntl.h>

#include <algorithm>

#include "interposer/event_writer.h"
#include "interposer/stacks.h"

namespace fdtrace {
namespace {

// What wide characters come to in bytes, and whether there are any, only libc knows.
bool IsWide(const FILE& stream) { return stream._mode > 0; }
bool MayHaveUnwritten(const FILE& stream) { return IsWide(stream) || stream._IO_write_ptr > stream._IO_write_base; }

uint64_t EndOfWrite(const FILE& stream, int fd) {
  const std::optional<uint64_t> position = PositionOf(fd);
  if (!position || IsWide(stream)) return 0;
  // What was read ahead is gone back over first.
  return *position + static_cast<uint64_t>(stream._IO_write_ptr - stream._IO_read_end);
}

}  // namespace

ClosingStream::ClosingStream(Row row, FILE* stream, int fd) : row_(row), fd_(fd) {
  if (MayHaveUnwritten(*stream) && OriginOf(fd).has_file) before_ = RegularFile(fd);
  if (!before_) {
    lifetime_ = RecordClosing(row, fd);
    return;
  }
  lifetime_ = TakeDescriptor(fd).id;
  if (before_->links != 0) {
    name_length_ = NameOf(fd, {reinterpret_cast<unsigned char*>(name_), kMaxPathBytes});
    name_[name_length_] = '\0';
  }
  if (name_length_ == 0) end_of_write_ = EndOfWrite(*stream, fd);
}

std::optional<FileFacts> ClosingStream::Written(bool successfully) const {
  if (name_length_ != 0) {
    const std::optional<FileFacts> after = RegularFileAt(AT_FDCWD, name_);
    return after && after->identity == before_->identity ? after : before_;
  }
  std::optional<FileFacts> after = before_;
  if (successfully) after->apparent_bytes = std::max(after->apparent_bytes, end_of_write_);
  return after;
}

void ClosingStream::Done(bool successfully) {
  if (!before_) return;
  const HookScope scope;
  if (!scope.recording()) return;
  WriteClosed(scope,
              {.id = lifetime_, .fd = fd_, .row = row_, .stack = CaptureStack(scope), .file = Written(successfully)});
}

}  // namespace fdtrace
