// The program puts itself under a seccomp filter: what of ours that forbids is found out before, prepared for, and from
// then on not done (seccomp_calls.h). Safe in signal handlers, after fork and in a vfork child.
#pragma once

#include <linux/filter.h>

namespace fdtrace {

// May a program that this process execs be followed? Only where nothing of ours is forbidden: filters outlive exec, and
// the new image of this library would know nothing of them.
bool HelloIsPermitted();

struct Installation {
  bool strict;                // read, write, exit and sigreturn, nothing else
  const sock_fprog* program;  // as passed by the program: it may point anywhere
  bool all_threads;
};

struct Installed {
  long result;
  bool successfully;
};

namespace internal {
Installed Confine(const Installation& installation, Installed (*call)(const void*), const void* closure);
}  // namespace internal

// The real call, which will confine this process if it succeeds. `call` returns Installed.
template <typename Call>
long Confine(const Installation& installation, const Call& call) {
  return internal::Confine(
             installation, [](const void* closure) { return (*static_cast<const Call*>(closure))(); }, &call)
      .result;
}

}  // namespace fdtrace
