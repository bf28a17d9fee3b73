#include "collector/session_greeter.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "collector/procfs.h"

namespace fdtrace {
namespace {

constexpr int64_t kAcceptPauseNs = 10'000'000;  // when we are out of descriptors ourselves
constexpr int kBacklog = 4096;
constexpr int kMaxAccepted = 1024;  // before those who have come are served

absl::StatusOr<std::string> RandomHex(size_t digits) {
  std::string bytes(digits / 2, '\0');
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return absl::ErrnoToStatus(errno, "asking the kernel for random bytes");
  }
  return absl::BytesToHexString(bytes);
}

// As it was when it connected. Pid 0: it cannot be seen from here.
ucred Peer(int connection) {
  ucred peer = {.pid = 0, .uid = static_cast<uid_t>(-1), .gid = static_cast<gid_t>(-1)};
  socklen_t length = sizeof peer;
  getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length);
  return peer;
}

// By ptrace(2)'s PTRACE_MODE_READ: as the owner of a user namespace may into those who are other users in it.
bool MayLookInto(pid_t pid) {
  const auto process = ProcessDirectory::Open(pid);
  return process.ok() && process->Link("ns/user").has_value();
}

// Takes no time that depends on where they differ.
bool SameCookie(const char* one, const char* other) {
  unsigned char difference = 0;
  for (size_t i = 0; i < kCookieBytes; ++i) difference |= static_cast<unsigned char>(one[i] ^ other[i]);
  return difference == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Greeter>> Greeter::Open() {
  auto greeter = std::unique_ptr<Greeter>(new Greeter);
  absl::StatusOr<std::string> name = RandomHex(32), cookie = RandomHex(kCookieBytes);
  if (!name.ok()) return name.status();
  if (!cookie.ok()) return cookie.status();
  const std::string socket_name = absl::StrCat("fdtrace-", *name);
  greeter->cookie_ = *cookie;
  greeter->own_user_ = geteuid();
  greeter->variable_ = absl::StrCat(socket_name, ":", *cookie);

  greeter->listener_ = OwnedFd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path + 1, socket_name.data(), socket_name.size());  // abstract: the first byte stays 0
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + socket_name.size());
  const int listener = greeter->listener_.get();
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener, kBacklog) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("listening on the abstract socket @", socket_name));
  }
  greeter->epoll_ = OwnedFd(epoll_create1(EPOLL_CLOEXEC));
  // Edge-triggered, or a lack of descriptors would make us accept in vain for ever.
  epoll_event interest = {.events = EPOLLIN | EPOLLET, .data = {}};
  if (!greeter->epoll_.valid() || epoll_ctl(greeter->epoll_.get(), EPOLL_CTL_ADD, listener, &interest) != 0) {
    return absl::ErrnoToStatus(errno, "watching the session's socket");
  }
  return greeter;
}

// Root may do anything to us, and recorded by root a program may become anybody.
bool Greeter::IsOfOurUser(int connection) const {
  const ucred peer = Peer(connection);
  return peer.uid == own_user_ || peer.uid == 0 || own_user_ == 0 || MayLookInto(peer.pid);
}

Greeter::Heard Greeter::Reject(uint64_t& count) {
  ++count;
  return Heard::kNothingMore;
}

Greeter::Heard Greeter::Listen(Visitor& visitor) {
  Hello& hello = visitor.hello;
  char image[kMaxImageBytes];
  iovec parts[] = {{.iov_base = &hello, .iov_len = sizeof hello}, {.iov_base = image, .iov_len = sizeof image}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = std::size(parts);
  ssize_t bytes;
  do {
    bytes = recvmsg(visitor.connection.get(), &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  } while (bytes < 0 && errno == EINTR);
  if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Heard::kNothingYet;
  if (bytes <= 0) return Reject(silent_);
  // Every version starts with its number and has the cookie in the same place.
  constexpr ssize_t kCommonBytes = offsetof(Hello, cookie) + kCookieBytes;
  if (bytes < kCommonBytes || !SameCookie(hello.cookie, cookie_.data())) return Reject(refused_);
  if (hello.version != kProtocolVersion) return Reject(other_version_);
  constexpr auto kHelloBytes = static_cast<ssize_t>(sizeof hello);
  if (bytes < kHelloBytes || bytes > kHelloBytes + static_cast<ssize_t>(sizeof image)) return Reject(refused_);
  visitor.image.assign(image, static_cast<size_t>(bytes - kHelloBytes));
  visitor.pid = Peer(visitor.connection.get()).pid;
  return visitor.pid > 0 ? Heard::kHello : Reject(other_namespace_);
}

OwnedFd Greeter::AcceptOne(int64_t now_ns) {
  while (true) {
    OwnedFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) return connection;
    if (errno == ECONNABORTED || errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) accept_again_ns_ = now_ns + kAcceptPauseNs;
    return OwnedFd();
  }
}

bool Greeter::AnotherIsThere() const {
  pollfd door = {.fd = listener_.get(), .events = POLLIN, .revents = 0};
  return poll(&door, 1, 0) != 0;
}

void Greeter::AcceptAll(int64_t now_ns, const Greet& greet) {
  accept_again_ns_ = 0;
  for (int accepted = 0; accepted < kMaxAccepted; ++accepted) {
    Visitor visitor;
    visitor.connection = AcceptOne(now_ns);
    if (!visitor.connection.valid()) return;
    if (!IsOfOurUser(visitor.connection.get())) {
      ++other_user_;
      continue;
    }
    const Heard heard = Listen(visitor);
    if (heard == Heard::kHello) greet(visitor);
    if (heard == Heard::kNothingYet) WaitFor(std::move(visitor.connection), now_ns);
    // The kernel makes a socket before it looks whether anybody is there: in vain that takes as long as ten events.
    if (!AnotherIsThere()) return;
  }
  accept_again_ns_ = now_ns;
}

void Greeter::WaitFor(OwnedFd connection, int64_t now_ns) {
  if (waiting_.size() == kMaxWaiting) {
    waiting_.pop_front();
    ++silent_;
  }
  epoll_event interest = {.events = EPOLLIN | EPOLLRDHUP, .data = {}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.get(), &interest);
  waiting_.push_back({std::move(connection), now_ns + kHelloLimitNs});
}

void Greeter::Attend(int64_t now_ns, const Greet& greet) {
  // What the epoll instance tells is taken here, so that it is quiet afterwards; then all are asked: they are few.
  epoll_event events[64];
  bool may_have_come = accept_again_ns_ != 0;
  for (int told = 64; told == 64;) {
    told = epoll_wait(epoll_.get(), events, 64, 0);
    may_have_come |= told > 0;
    if (!waiting_.empty()) break;
  }
  for (auto one = waiting_.begin(); one != waiting_.end();) {
    Visitor visitor;
    visitor.connection = std::move(one->connection);
    const Heard heard = Listen(visitor);
    if (heard == Heard::kNothingYet && now_ns < one->deadline_ns) {
      one->connection = std::move(visitor.connection);
      ++one;
      continue;
    }
    if (heard == Heard::kHello) greet(visitor);
    if (heard == Heard::kNothingYet) ++silent_;
    one = waiting_.erase(one);
  }
  if (may_have_come) AcceptAll(now_ns, greet);
}

int64_t Greeter::next_deadline_ns() const {
  int64_t next = waiting_.empty() ? INT64_MAX : waiting_.front().deadline_ns;
  if (accept_again_ns_ != 0) next = std::min(next, accept_again_ns_);
  return next;
}

bool Greeter::SendWelcome(Visitor& visitor, const Welcome& welcome, int page_fd, int arena_fd) {
  const int fds[2] = {page_fd, arena_fd};
  iovec part = {.iov_base = const_cast<Welcome*>(&welcome), .iov_len = sizeof welcome};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(header), fds, sizeof fds);
  const OwnedFd connection = std::move(visitor.connection);
  return sendmsg(connection.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof welcome;
}

}  // namespace fdtrace
