#include "collector/session_look.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "collector/descriptions.h"
#include "collector/lifetime.h"
#include "proto/image.pb.h"

namespace fdtrace {
namespace {

// Links are told from there.
bool HasOurRoot(const StartedImage& told) {
  struct statx root;
  return statx(AT_FDCWD, "/", AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO | STATX_MNT_ID, &root) == 0 &&
         (root.stx_mask & STATX_MNT_ID) != 0 && root.stx_mnt_id == told.root_mount() &&
         root.stx_ino == told.root_inode();
}

std::optional<SeenDescriptor> SeenAsTold(const GivenDescriptor& told) {
  struct statx status = {};
  status.stx_mode = static_cast<uint16_t>(told.mode());
  status.stx_rdev_major = told.rdev_major();
  status.stx_dev_major = told.dev_major();
  status.stx_dev_minor = told.dev_minor();
  status.stx_ino = told.ino();
  status.stx_nlink = static_cast<uint32_t>(told.nlink());
  status.stx_blocks = told.blocks();
  status.stx_size = told.size();
  std::optional<SeenDescriptor> seen = SeenAs(static_cast<int>(told.fd()), told.link(), status);
  if (seen.has_value() && seen->file.has_value()) seen->writes = told.writes();
  return seen;
}

}  // namespace

std::optional<Image> ToldByVisitor(const Visitor& visitor) {
  StartedImage told;
  if (visitor.image.empty() || visitor.hello.kind != HelloKind::kImage ||
      visitor.hello.pid != static_cast<uint32_t>(visitor.pid) || !told.ParseFromString(visitor.image) ||
      !HasOurRoot(told)) {
    return std::nullopt;
  }
  Image image = {.pid = static_cast<uint32_t>(visitor.pid),
                 .parent_pid = told.parent_pid(),
                 .executable = told.executable(),
                 .command_line = ArgumentsOf(told.command_line()),
                 .directory = told.directory(),
                 .nofile_soft = told.nofile_soft(),
                 .nofile_hard = told.nofile_hard(),
                 .present = {}};
  for (const GivenDescriptor& given : told.given()) {
    const bool is_next = image.present.empty() || static_cast<int>(given.fd()) > image.present.back().fd;
    std::optional<SeenDescriptor> seen = is_next && given.fd() < kMostGiven ? SeenAsTold(given) : std::nullopt;
    if (!seen.has_value()) return std::nullopt;
    image.present.push_back(*std::move(seen));
  }
  return image;
}

std::optional<Image> LookAtVisitor(const Visitor& visitor, const ProcessDirectory& process, pid_t parent_pid,
                                   const std::vector<int>& known_to_parent, SessionNotes& notes) {
  const OpenFilesLimit limit = process.OpenFiles();
  Image look = {.pid = static_cast<uint32_t>(visitor.pid),
                .parent_pid = static_cast<uint32_t>(parent_pid),
                .executable = {},
                .command_line = process.CommandLine(),
                .directory = process.WorkingDirectory(),
                .nofile_soft = limit.soft,
                .nofile_hard = limit.hard,
                .present = {}};

  absl::StatusOr<std::vector<int>> numbers = process.Numbers();
  if (!numbers.ok()) {
    if (!process.Lives()) return std::nullopt;
    notes.NotLookedAt(visitor.pid, numbers.status());
    numbers = known_to_parent;  // the best guess
  }
  std::erase(*numbers, visitor.hello.socket_fd);
  std::vector<int> copied, others;
  std::set_intersection(numbers->begin(), numbers->end(), known_to_parent.begin(), known_to_parent.end(),
                        std::back_inserter(copied));
  std::set_difference(numbers->begin(), numbers->end(), copied.begin(), copied.end(), std::back_inserter(others));
  absl::StatusOr<std::vector<SeenDescriptor>> seen = SeeDescriptors(process, others);
  if (seen.ok()) look.present = *std::move(seen);
  SeeWhichWrite(process, look.present);
  for (const int fd : copied) look.present.push_back({.fd = fd, .link = {}, .description = {}});
  std::sort(look.present.begin(), look.present.end(),
            [](const SeenDescriptor& one, const SeenDescriptor& other) { return one.fd < other.fd; });
  std::optional<std::string> executable = process.Executable();
  if (!executable.has_value()) return std::nullopt;  // what was listed may be what its end had left over
  look.executable = *std::move(executable);
  return look;
}

uint64_t GivenForGood(std::span<const SeenDescriptor> present, std::span<const int> untold) {
  static_assert(kMostGiven == std::numeric_limits<decltype(Welcome::given)>::digits);
  uint64_t given = 0;
  for (const SeenDescriptor& seen : present) {
    const bool is_told = seen.fd > kLastStandardNumber && !std::binary_search(untold.begin(), untold.end(), seen.fd);
    if (seen.fd >= kMostGiven || is_told || seen.file.has_value()) return 0;
    given |= uint64_t{1} << seen.fd;
  }
  return given;
}

}  // namespace fdtrace
