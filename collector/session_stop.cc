#include "collector/session_stop.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "collector/monotonic_clock.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

struct Door {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  socklen_t length = 0;
  std::string cookie;

  const sockaddr* socket_address() const { return reinterpret_cast<const sockaddr*>(&address); }
};

// Nothing: VARIABLE is none that a session has.
std::optional<Door> DoorOf(const std::string& variable) {
  const size_t colon = variable.find(':');
  Door door;
  if (colon == variable.npos || colon == 0 || colon >= sizeof door.address.sun_path ||
      variable.size() - colon - 1 != kCookieBytes) {
    return std::nullopt;
  }
  memcpy(door.address.sun_path + 1, variable.data(), colon);  // abstract: the first byte stays 0
  door.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + colon);
  door.cookie = variable.substr(colon + 1);
  return door;
}

OwnedFd Socket() { return OwnedFd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

absl::Status NoSuchSession() { return absl::NotFoundError("the session has ended, or never was"); }

Hello StopHello(const Door& door, int connection) {
  Hello hello = {};
  hello.version = kProtocolVersion;
  hello.kind = HelloKind::kStop;
  memcpy(hello.cookie, door.cookie.data(), kCookieBytes);
  hello.tid = static_cast<uint32_t>(gettid());
  hello.pid = static_cast<uint32_t>(getpid());
  hello.socket_fd = connection;
  return hello;
}

// False: the time is over.
bool WaitForAnswer(const OwnedFd& connection, std::chrono::milliseconds limit) {
  const int64_t end_ns = MonotonicNs() + std::chrono::nanoseconds(limit).count();
  while (true) {
    const int64_t left_ms = (end_ns - MonotonicNs()) / 1'000'000;
    pollfd state = {.fd = connection.get(), .events = POLLIN, .revents = 0};
    if (poll(&state, 1, static_cast<int>(std::max<int64_t>(left_ms, 0))) > 0) return true;
    if (left_ms <= 0) return false;
  }
}

}  // namespace

// A name can be bound by one socket at a time.
bool SessionLives(const std::string& variable) {
  const std::optional<Door> door = DoorOf(variable);
  if (!door.has_value()) return false;
  const OwnedFd probe = Socket();
  return bind(probe.get(), door->socket_address(), door->length) != 0 && errno == EADDRINUSE;
}

absl::StatusOr<StoppedSession> StopSession(const std::string& variable, std::chrono::milliseconds limit) {
  const std::optional<Door> door = DoorOf(variable);
  if (!door.has_value()) return NoSuchSession();
  const OwnedFd connection = Socket();
  if (!connection.valid()) return absl::ErrnoToStatus(errno, "making a socket");
  if (connect(connection.get(), door->socket_address(), door->length) != 0) {
    return errno == ECONNREFUSED ? NoSuchSession() : absl::ErrnoToStatus(errno, "connecting to the session");
  }
  const Hello hello = StopHello(*door, connection.get());
  if (send(connection.get(), &hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello) return NoSuchSession();
  if (!WaitForAnswer(connection, limit)) {
    return absl::DeadlineExceededError(absl::StrCat("the collector has not written the trace within ",
                                                    limit.count() / 1000, " s; it may still do so"));
  }
  StopAnswer answer = {};
  const ssize_t bytes = recv(connection.get(), &answer, sizeof answer, 0);
  if (bytes < 0) return NoSuchSession();  // the door was closed before we were let in
  if (bytes != sizeof answer) return absl::UnavailableError("the collector ended without a word");
  if (answer.outcome == StopOutcome::kWritten) {
    return StoppedSession{.collector = static_cast<pid_t>(answer.collector_pid),
                          .started_unix_ns = answer.started_unix_ns};
  }
  const std::string error(answer.error, strnlen(answer.error, sizeof answer.error));
  return answer.outcome == StopOutcome::kRefused ? absl::FailedPreconditionError(error) : absl::DataLossError(error);
}

bool AnswerStop(const OwnedFd& connection, const absl::StatusOr<StoppedSession>& written) {
  StopAnswer answer = {};
  answer.outcome = absl::IsFailedPrecondition(written.status()) ? StopOutcome::kRefused : StopOutcome::kLost;
  if (written.ok()) {
    answer.outcome = StopOutcome::kWritten;
    answer.collector_pid = static_cast<uint32_t>(written->collector);
    answer.started_unix_ns = written->started_unix_ns;
  }
  const absl::string_view error = written.status().message().substr(0, sizeof answer.error);
  error.copy(answer.error, error.size());
  return send(connection.get(), &answer, sizeof answer, MSG_NOSIGNAL) == sizeof answer;
}

}  // namespace fdtrace
