#include "collector/descriptions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "collector/file_facts.h"
#include "collector/resource_links.h"
#include "collector/sockets.h"

namespace fdtrace {
namespace {

constexpr int kFirstOwnNumber = 3;
constexpr size_t kWatchedShown = 5;

using Access = DescriptorDirectory::Access;

// Links that are paths, and those too long for the kernel to tell, leave it to the file what it is.
bool IsNamedMemory(const SeenDescriptor& seen) { return seen.resource == MEMFD || seen.resource == SHARED_MEMORY; }
bool IsLeftToFile(const SeenDescriptor& seen) { return IsNamedMemory(seen) || seen.resource == RESOURCE_UNKNOWN; }

// The root of a message queue file system is the only directory that its files have.
bool MayBeMessageQueue(absl::string_view link) {
  return absl::StartsWith(link, "/") && link.find('/', 1) == absl::string_view::npos;
}

void TakeFrom(const struct statx& status, SeenDescriptor& seen) {
  if (!IsNamedMemory(seen)) seen.resource = ResourceOfFile(status.stx_mode, status.stx_rdev_major);
  seen.file = FactsOf(status);
}

void LookAtFile(const DescriptorDirectory& descriptors, SeenDescriptor& seen) {
  if (!IsLeftToFile(seen)) return;
  if (!IsNamedMemory(seen) && MayBeMessageQueue(seen.link) && descriptors.IsMessageQueue(seen.fd)) {
    seen.resource = MESSAGE_QUEUE;
    return;
  }
  if (const auto status = descriptors.StatusOf(seen.fd)) TakeFrom(*status, seen);
}

std::string DescribeEpoll(const ProcessDirectory& process, int fd) {
  std::vector<int> watched;
  const std::string info = process.Read(absl::StrCat("fdinfo/", fd).c_str());
  for (absl::string_view line : absl::StrSplit(info, '\n')) {  // "tfd:        5 events:       19 data: …"
    int number = 0;
    if (!absl::ConsumePrefix(&line, "tfd:")) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (absl::SimpleAtoi(line.substr(0, line.find(' ')), &number)) watched.push_back(number);
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

// The ends of pipes that a process has, by the pipe's inode.
class OwnPipeEnds {
 public:
  OwnPipeEnds(const DescriptorDirectory& descriptors, std::span<const SeenDescriptor> seen) {
    for (const SeenDescriptor& one : seen) {
      const auto inode = one.resource == PIPE ? InodeOfLink(one.link) : std::nullopt;
      const auto access = inode.has_value() ? descriptors.AccessOf(one.fd) : std::nullopt;
      if (access.has_value()) ends_[*inode].push_back({one.fd, *access});
    }
  }

  std::string Describe(const SeenDescriptor& seen, pid_t pid, std::span<const pid_t> others, PipeIndex& index) const {
    const auto inode = InodeOfLink(seen.link);
    const auto ends = inode.has_value() ? ends_.find(*inode) : ends_.end();
    if (ends == ends_.end()) return {};  // a named pipe: the link says it all
    const auto own =
        std::find_if(ends->second.begin(), ends->second.end(), [&](const auto& end) { return end.first == seen.fd; });
    if (own == ends->second.end()) return {};
    const bool reads = own->second.reads;
    if (reads && own->second.writes) return absl::StrCat(seen.link, " both ends");
    const std::string side = absl::StrCat(seen.link, reads ? " read end" : " write end");
    for (const auto& [fd, access] : ends->second) {
      if (reads ? access.writes : access.reads)
        return absl::StrCat(side, "; the other end: fd ", fd, " of the same process");
    }
    const PipeIndex::Answer answer = index.Find(*inode, /*for_writing=*/reads, pid, others);
    if (!answer.end.has_value()) {
      return absl::StrCat(
          side, answer.certain ? "; no other end open in the traced processes" : "; the other end was not found");
    }
    const auto holder = ProcessDirectory::Open(answer.end->pid);
    return absl::StrCat(side, "; the other end: fd ", answer.end->fd, " of pid ", answer.end->pid, " (",
                        holder.ok() ? holder->Name() : "", ")");
  }

 private:
  absl::flat_hash_map<uint64_t, std::vector<std::pair<int, Access>>> ends_;
};

template <typename IsTold>
void DescribeSocketsAmong(const ProcessDirectory& process, const DescriptorDirectory& descriptors, IsTold is_told,
                          std::vector<SeenDescriptor>& seen) {
  std::vector<SocketOfInterest> sockets;
  for (const SeenDescriptor& one : seen) {
    const auto inode = InodeOfLink(one.link);
    if (one.resource != SOCKET || !is_told(one.fd) || !inode.has_value()) continue;
    sockets.push_back({*inode, descriptors.SocketProtocol(one.fd)});
  }
  if (sockets.empty()) return;
  const auto descriptions = DescribeSockets(process, sockets);
  for (SeenDescriptor& one : seen) {
    const auto inode = InodeOfLink(one.link);
    if (one.resource != SOCKET || !is_told(one.fd) || !inode.has_value()) continue;
    const auto description = descriptions.find(*inode);
    if (description != descriptions.end()) one.description = description->second;
  }
}

}  // namespace

std::optional<SeenDescriptor> SeenAs(int fd, std::string link, const struct statx& status) {
  SeenDescriptor seen = {.fd = fd, .link = std::move(link), .description = {}, .file = {}};
  seen.resource = ResourceOfLink(seen.link);
  if (!IsLeftToFile(seen)) return seen;
  if (!IsNamedMemory(seen) && MayBeMessageQueue(seen.link)) return std::nullopt;
  TakeFrom(status, seen);
  return seen;
}

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
    seen.push_back({.fd = fd, .link = *std::move(link), .description = {}, .resource = resource, .file = {}});
    LookAtFile(*descriptors, seen.back());
  }
  return seen;
}

void SeeWhichWrite(const ProcessDirectory& process, std::span<SeenDescriptor> seen) {
  if (std::none_of(seen.begin(), seen.end(), [](const auto& one) { return one.file.has_value(); })) return;
  const auto descriptors = DescriptorDirectory::Open(process);
  if (!descriptors.ok()) return;
  for (SeenDescriptor& one : seen) {
    if (!one.file.has_value()) continue;
    const auto access = descriptors->AccessOf(one.fd);
    one.writes = access.has_value() && access->writes;
  }
}

absl::StatusOr<std::vector<SeenDescriptor>> DescribeDescriptors(const ProcessDirectory& process,
                                                                std::span<const int> numbers,
                                                                std::span<const int> untold,
                                                                std::span<const pid_t> others, PipeIndex& index) {
  absl::StatusOr<std::vector<SeenDescriptor>> seen = SeeDescriptors(process, numbers);
  if (!seen.ok()) return seen;
  const auto descriptors = DescriptorDirectory::Open(process);
  if (!descriptors.ok()) return descriptors.status();
  const auto is_told = [&](int fd) {
    return fd >= kFirstOwnNumber && !std::binary_search(untold.begin(), untold.end(), fd);
  };
  DescribeSocketsAmong(process, *descriptors, is_told, *seen);
  std::optional<OwnPipeEnds> pipes;
  for (SeenDescriptor& one : *seen) {
    if (!is_told(one.fd)) continue;
    if (one.resource == PIPE) {
      if (!pipes.has_value()) pipes.emplace(*descriptors, *seen);
      one.description = pipes->Describe(one, process.pid(), others, index);
    }
    if (one.resource == EPOLL) one.description = DescribeEpoll(process, one.fd);
    if (one.resource == INOTIFY) one.description = DescribeInotify(process, one.fd);
  }
  return seen;
}

}  // namespace fdtrace
