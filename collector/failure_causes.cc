#include "collector/failure_causes.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/match.h"

namespace fdtrace {
namespace {

template <size_t kSize>
bool IsAmong(const std::array<absl::string_view, kSize>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsInotifyInstance(absl::string_view function) { return function == "inotify_init" || function == "inotify_init1"; }

TraceFailure::Cause CauseOfEmfile(const Failed& failed, absl::string_view function, uint64_t open) {
  if (TakesLowestNumber(function) || open >= failed.nofile_soft()) return TraceFailure::PROCESS_LIMIT;
  return IsInotifyInstance(function) ? TraceFailure::INOTIFY_INSTANCES : TraceFailure::UNKNOWN;
}

// What is left may be less than a call asked for without being nothing.
bool IsNextToNothing(const FilesystemState& filesystem) {
  constexpr uint64_t kFewBlocks = 16;
  constexpr uint64_t kMostBytes = 16 << 20;
  const uint64_t block_bytes = std::max<uint64_t>(filesystem.block_bytes(), 1);
  const uint64_t share = std::min(filesystem.blocks() / 64, kMostBytes / block_bytes);
  return filesystem.blocks_available() <= std::max(kFewBlocks, share);
}

// Kept for the superuser. Of what nobody may use, ext4 keeps some for itself, see ext4_calculate_resv_clusters: a
// fiftieth of all, at most 4096.
bool IsMostlyReserve(const FilesystemState& filesystem) {
  const uint64_t available = std::min(filesystem.blocks_available(), filesystem.blocks_free());
  const uint64_t kept = filesystem.blocks_free() - available;
  return kept > available && kept > std::min<uint64_t>(filesystem.blocks() / 50, 4096);
}

TraceFailure::Cause CauseOfBlocks(const Failed& failed) {
  const FilesystemState& filesystem = failed.filesystem();
  if (filesystem.blocks() == 0 || !IsNextToNothing(filesystem)) return TraceFailure::UNKNOWN;
  return IsMostlyReserve(filesystem) && failed.privileged() == 0 ? TraceFailure::RESERVED_BLOCKS : TraceFailure::BLOCKS;
}

// A call that makes a file needs an inode before it needs blocks; one that writes to a file has its inode already.
TraceFailure::Cause CauseOfEnospc(const Failed& failed, absl::string_view function) {
  if (function == "inotify_add_watch") return TraceFailure::INOTIFY_WATCHES;
  if (!failed.has_filesystem()) return TraceFailure::UNKNOWN;
  const FilesystemState& filesystem = failed.filesystem();
  const TraceFailure::Cause blocks = CauseOfBlocks(failed);
  const bool writes = failed.by_signal() || (failed.fd() != 0 && failed.path().empty());
  if (writes && blocks != TraceFailure::UNKNOWN) return blocks;
  if (filesystem.inodes() > 0 && filesystem.inodes_free() == 0) return TraceFailure::INODES;
  // It asks for all its blocks at once: there may be many, and not so many.
  if (absl::StrContains(function, "fallocate") && filesystem.blocks() > 0) return TraceFailure::BLOCKS;
  return blocks;
}

}  // namespace

bool IsLack(const Failed& failed) {
  const int32_t error = failed.error();
  // A mapping of a file that was shortened has the same signal.
  if (failed.by_signal()) return CauseOfBlocks(failed) != TraceFailure::UNKNOWN;
  return error == EMFILE || error == ENFILE || error == ENOSPC || error == EDQUOT || failed.beyond_set();
}

bool TakesLowestNumber(absl::string_view function) {
  // inotify_init(2), fanotify_init(2): limits of their own; mq_open(3): RLIMIT_MSGQUEUE; fcntl(2): F_DUPFD asks for a
  // number; dup3(2) too.
  static constexpr std::array<absl::string_view, 13> kOthers = {
      "",      "?",       "inotify_init", "inotify_init1", "fanotify_init", "mq_open", "__mq_open_2",
      "fcntl", "fcntl64", "__fcntl",      "dup2",          "__dup2",        "dup3"};
  return !IsAmong(kOthers, function);
}

bool MakesTwo(absl::string_view function) {
  static constexpr std::array<absl::string_view, 6> kPairs = {"pipe",  "pipe2",   "socketpair",
                                                              "popen", "openpty", "forkpty"};
  return IsAmong(kPairs, function);
}

TraceFailure::Cause CauseOf(const Failed& failed, absl::string_view function, uint64_t open) {
  if (failed.beyond_set()) return TraceFailure::FD_SET_SIZE;
  switch (failed.error()) {
    case EMFILE:
      return CauseOfEmfile(failed, function, open);
    case ENFILE:
      return TraceFailure::SYSTEM_LIMIT;
    case EDQUOT:
      return TraceFailure::QUOTA;
    case ENOSPC:
      return CauseOfEnospc(failed, function);
    default:
      return TraceFailure::UNKNOWN;
  }
}

}  // namespace fdtrace
