#include "collector/session_look.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "collector/descriptions.h"
#include "collector/lifetime.h"

namespace fdtrace {

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
  constexpr int kNumbers = std::numeric_limits<decltype(Welcome::given)>::digits;
  uint64_t given = 0;
  for (const SeenDescriptor& seen : present) {
    const bool is_told = seen.fd > kLastStandardNumber && !std::binary_search(untold.begin(), untold.end(), seen.fd);
    if (seen.fd >= kNumbers || is_told || seen.file.has_value()) return 0;
    given |= uint64_t{1} << seen.fd;
  }
  return given;
}

}  // namespace fdtrace
