// The door of a session: an abstract Unix socket where processes say hello.
//
//  - A caller that sends nothing, or anything but a Hello with the cookie, costs one descriptor for kHelloLimitNs at
//  most.
//    Of those that send nothing, kMaxWaiting are waited for: the oldest gives way to the next, so that nobody keeps
//    others out by coming often.
//  - One of another user is not listened to, unless we may look into its process: an abstract socket has no mode.
//  - Never blocks, and returns however many come.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "collector/owned_fd.h"
#include "proto/session.h"

namespace fdtrace {

inline constexpr int64_t kHelloLimitNs = 2'000'000'000;
inline constexpr size_t kMaxWaiting = 256;  // who has a hello to say says it at once

// A process that said hello and waits for its Welcome.
struct Visitor {
  OwnedFd connection;
  pid_t pid = 0;
  Hello hello;
  std::string image = {};  // what came after it: a StartedImage, if it told of itself; not looked at
};

class Greeter {
 public:
  using Greet = std::function<void(Visitor&)>;

  // With a random name and a random cookie.
  static absl::StatusOr<std::unique_ptr<Greeter>> Open();

  // "NAME:COOKIE".
  const std::string& variable() const { return variable_; }

  // A descriptor that is readable when Attend has something to do.
  int fd() const { return epoll_.get(); }

  // Accepts who has come and calls GREET for each that has said hello; hangs up on those past their time.
  void Attend(int64_t now_ns, const Greet& greet);

  // When Attend is to be called though fd() is not readable; INT64_MAX: never.
  int64_t next_deadline_ns() const;

  // Sends the Welcome with its two memory files, and hangs up. False when the caller cannot receive it any more.
  static bool SendWelcome(Visitor& visitor, const Welcome& welcome, int page_fd, int arena_fd);

  uint64_t refused() const { return refused_; }                  // spoke, but not our language
  uint64_t other_version() const { return other_version_; }      // with the cookie of this session
  uint64_t other_namespace() const { return other_namespace_; }  // from where we cannot see its pid
  uint64_t other_user() const { return other_user_; }
  uint64_t silent() const { return silent_; }  // hung up, or were hung up on, unheard

 private:
  struct Waiting {
    OwnedFd connection;
    int64_t deadline_ns;
  };
  enum class Heard { kNothingYet, kHello, kNothingMore };

  Greeter() = default;
  bool AnotherIsThere() const;
  void AcceptAll(int64_t now_ns, const Greet& greet);
  // Null: nobody is at the door that could be let in now.
  OwnedFd AcceptOne(int64_t now_ns);
  bool IsOfOurUser(int connection) const;
  Heard Listen(Visitor& visitor);
  void WaitFor(OwnedFd connection, int64_t now_ns);
  Heard Reject(uint64_t& count);

  std::string variable_;
  std::string cookie_;
  OwnedFd listener_, epoll_;
  std::list<Waiting> waiting_;  // oldest first
  int64_t accept_again_ns_ = 0;
  uid_t own_user_ = 0;
  uint64_t refused_ = 0, other_version_ = 0, other_namespace_ = 0, other_user_ = 0, silent_ = 0;
};

}  // namespace fdtrace
