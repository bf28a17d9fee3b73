#include "collector/descriptions.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "collector/monotonic_clock.h"
#include "collector/resource_links.h"
#include "collector/sockets.h"

namespace fdtrace {
namespace {

constexpr int kFirstOwnNumber = 3;
constexpr int64_t kPipeSearchLimitNs = 20'000'000;  // the process waits for us
constexpr size_t kWatchedShown = 5;

using Access = DescriptorDirectory::Access;

Resource LookAtFile(const DescriptorDirectory& descriptors, const SeenDescriptor& seen) {
  // The root of a message queue file system is the only directory that its files have.
  if (absl::StartsWith(seen.link, "/") && seen.link.find('/', 1) == std::string::npos &&
      descriptors.IsMessageQueue(seen.fd)) {
    return MESSAGE_QUEUE;
  }
  const auto kind = descriptors.KindOf(seen.fd);
  return kind.has_value() ? ResourceOfFile(kind->mode, kind->device_major) : RESOURCE_UNKNOWN;
}

std::string DescribeEpoll(const ProcessDirectory& process, int fd) {
  std::vector<int> watched;
  const std::string info = process.Read(absl::StrCat("fdinfo/", fd).c_str());
  for (absl::string_view line : absl::StrSplit(info, '\n')) {
    int number = 0;
    if (sscanf(std::string(line).c_str(), "tfd: %d", &number) == 1) watched.push_back(number);
  }
  if (watched.empty()) return "epoll watching nothing";
  std::sort(watched.begin(), watched.end());
  std::string text = "epoll watching fd ";
  const size_t shown = std::min(watched.size(), kWatchedShown);
  for (size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == watched.size();
    absl::StrAppend(&text, i == 0 ? "" : last ? " and " : ", ", watched[i]);
  }
  if (watched.size() > shown) absl::StrAppend(&text, " and ", watched.size() - shown, " more");
  return text;
}

std::string DescribeInotify(const ProcessDirectory& process, int fd) {
  size_t watches = 0;
  const std::string info = process.Read(absl::StrCat("fdinfo/", fd).c_str());
  for (absl::string_view line : absl::StrSplit(info, '\n')) watches += absl::StartsWith(line, "inotify wd:") ? 1 : 0;
  return absl::StrCat("inotify, ", watches, watches == 1 ? " watch" : " watches");
}

// Pipe ends by the pipe's inode, of the process in question and of the others.
class PipeEnds {
 public:
  PipeEnds(const ProcessDirectory& process, const DescriptorDirectory& descriptors,
           std::span<const SeenDescriptor> seen, std::span<const pid_t> others)
      : process_(process), others_(others) {
    for (const SeenDescriptor& one : seen) Add(descriptors, one.fd, one.link, process.pid());
  }

  std::string Describe(const SeenDescriptor& seen) {
    const auto inode = InodeOfLink(seen.link);
    if (!inode.has_value()) return {};
    const auto [access, other] = Find(*inode, seen.fd);
    const std::string side = absl::StrCat(seen.link, !access.reads    ? " write end"
                                                     : !access.writes ? " read end"
                                                                      : " both ends");
    if (access.reads && access.writes) return side;
    if (other.has_value()) return absl::StrCat(side, "; the other end: ", *other);
    return absl::StrCat(
        side, all_others_known_ ? "; no other end open in the traced processes" : "; the other end was not found");
  }

 private:
  struct End {
    pid_t pid;
    int fd;
    Access access;
    std::string process;  // name; of the others
  };

  void Add(const DescriptorDirectory& descriptors, int fd, const std::string& link, pid_t pid,
           const std::string& name = {}) {
    if (!absl::StartsWith(link, "pipe:[")) return;
    const auto inode = InodeOfLink(link);
    const auto access = descriptors.AccessOf(fd);
    if (inode.has_value() && access.has_value()) ends_[*inode].push_back({pid, fd, *access, name});
  }

  std::pair<Access, std::optional<std::string>> Find(uint64_t inode, int fd) {
    Access access;
    for (const End& end : ends_[inode]) {
      if (end.pid == process_.pid() && end.fd == fd) access = end.access;
    }
    std::optional<std::string> other = Opposite(inode, access);
    if (!other.has_value() && !others_read_) {
      ReadOthers();
      other = Opposite(inode, access);
    }
    return {access, other};
  }

  std::optional<std::string> Opposite(uint64_t inode, Access access) const {
    const auto ends = ends_.find(inode);
    if (ends == ends_.end()) return std::nullopt;
    for (const End& end : ends->second) {
      if (access.reads ? !end.access.writes : !end.access.reads) continue;
      return absl::StrCat(
          "fd ", end.fd, " of ",
          end.pid == process_.pid() ? "the same process" : absl::StrCat("pid ", end.pid, " (", end.process, ")"));
    }
    return std::nullopt;
  }

  void ReadOthers() {
    others_read_ = true;
    const int64_t until_ns = MonotonicNs() + kPipeSearchLimitNs;
    for (const pid_t pid : others_) {
      if (pid == process_.pid()) continue;
      if (MonotonicNs() > until_ns) {
        all_others_known_ = false;
        return;
      }
      const auto other = ProcessDirectory::Open(pid);
      if (!other.ok()) continue;  // ended
      const auto numbers = other->Numbers();
      const auto descriptors = DescriptorDirectory::Open(*other);
      if (!numbers.ok() || !descriptors.ok()) {
        all_others_known_ = false;
        continue;
      }
      const std::string name = other->Name();
      for (const int fd : *numbers) {
        const auto link = descriptors->Link(fd);
        if (link.has_value()) Add(*descriptors, fd, *link, pid, name);
      }
    }
  }

  const ProcessDirectory& process_;
  const std::span<const pid_t> others_;
  bool others_read_ = false;
  bool all_others_known_ = true;
  absl::flat_hash_map<uint64_t, std::vector<End>> ends_;
};

void DescribeAllSockets(const ProcessDirectory& process, const DescriptorDirectory& descriptors,
                        std::vector<SeenDescriptor>& seen) {
  std::vector<SocketOfInterest> sockets;
  for (const SeenDescriptor& one : seen) {
    const auto inode = InodeOfLink(one.link);
    if (one.resource != SOCKET || one.fd < kFirstOwnNumber || !inode.has_value()) continue;
    sockets.push_back({*inode, descriptors.SocketProtocol(one.fd)});
  }
  if (sockets.empty()) return;
  const auto descriptions = DescribeSockets(process, sockets);
  for (SeenDescriptor& one : seen) {
    const auto inode = InodeOfLink(one.link);
    if (one.resource != SOCKET || !inode.has_value()) continue;
    const auto description = descriptions.find(*inode);
    if (description != descriptions.end()) one.description = description->second;
  }
}

}  // namespace

absl::StatusOr<std::vector<SeenDescriptor>> SeeDescriptors(const ProcessDirectory& process,
                                                           std::span<const int> numbers) {
  const auto descriptors = DescriptorDirectory::Open(process);
  if (!descriptors.ok()) return descriptors.status();
  std::vector<SeenDescriptor> seen;
  seen.reserve(numbers.size());
  for (const int fd : numbers) {
    std::optional<std::string> link = descriptors->Link(fd);
    if (!link.has_value()) continue;
    const Resource resource = ResourceOfLink(*link);
    seen.push_back({.fd = fd, .link = *std::move(link), .description = {}, .resource = resource});
  }
  return seen;
}

absl::StatusOr<std::vector<SeenDescriptor>> DescribeDescriptors(const ProcessDirectory& process,
                                                                std::span<const int> numbers,
                                                                std::span<const pid_t> others) {
  absl::StatusOr<std::vector<SeenDescriptor>> seen = SeeDescriptors(process, numbers);
  if (!seen.ok()) return seen;
  const auto descriptors = DescriptorDirectory::Open(process);
  if (!descriptors.ok()) return descriptors.status();
  DescribeAllSockets(process, *descriptors, *seen);
  std::optional<PipeEnds> pipes;
  for (SeenDescriptor& one : *seen) {
    if (one.resource == RESOURCE_UNKNOWN) one.resource = LookAtFile(*descriptors, one);
    if (one.fd < kFirstOwnNumber) continue;
    if (one.resource == PIPE) {
      if (!pipes.has_value()) pipes.emplace(process, *descriptors, *seen, others);
      one.description = pipes->Describe(one);
    }
    if (one.resource == EPOLL) one.description = DescribeEpoll(process, one.fd);
    if (one.resource == INOTIFY) one.description = DescribeInotify(process, one.fd);
  }
  return seen;
}

}  // namespace fdtrace
