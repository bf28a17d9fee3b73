#include "interposer/streams.h"

#include <algorithm>
#include <optional>

#include "interposer/descriptors.h"
#include "interposer/file_facts.h"

namespace fdtrace {
namespace {

constexpr int kAppends = 0x1000;  // _IO_IS_APPENDING of libio.h, as old as the FILE's layout

}  // namespace

uint64_t SizeOnceWritten(const FILE& stream, uint64_t size) {
  const bool is_wide = stream._mode > 0;
  if (is_wide || stream._IO_write_ptr <= stream._IO_write_base) return size;
  if ((stream._flags & kAppends) != 0)
    return size + static_cast<uint64_t>(stream._IO_write_ptr - stream._IO_write_base);
  const std::optional<uint64_t> position = PositionOf(stream._fileno);
  if (!position) return size;
  // What was read ahead is gone back over first.
  return std::max(size, *position + static_cast<uint64_t>(stream._IO_write_ptr - stream._IO_read_end));
}

std::optional<FilesystemFacts> FilesystemToBeWritten(const FILE& stream) {
  if (stream._IO_write_ptr <= stream._IO_write_base || !OriginOf(stream._fileno).has_file) return {};
  return FilesystemOf(stream._fileno);
}

}  // namespace fdtrace
