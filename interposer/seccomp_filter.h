// What the kernel would answer a seccomp filter's question: its classic BPF program, run on a system call that has not
// been made. https://docs.kernel.org/userspace-api/seccomp_filter.html. Pure; safe in signal handlers and after fork.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

namespace fdtrace {

// The program's return value; SECCOMP_RET_KILL_PROCESS for one that the kernel would not take.
uint32_t RunFilter(std::span<const sock_filter> program, const seccomp_data& call);

// Does the action let the call through, with nobody asked and nothing changed?
inline bool Allows(uint32_t returned) {
  const uint32_t action = returned & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

}  // namespace fdtrace
