// The environment of a program that a traced one runs: with ours in it, though the program have scrubbed it; and
// without ours where our library could not be loaded or would do harm.
//
//  - Puts together on the caller's stack what is missing: a vfork child shares its parent's heap, and may allocate
//  nothing.
//  - An environment that is as it should be is passed on as it is; so is one too large for the stack, one that cannot
//  be read,
//    and anything where there is no session.
#pragma once

#include <alloca.h>

#include <cerrno>
#include <cstddef>

namespace fdtrace {

// At start: what of the environment of this program is ours.
void ReadOwnEnvironment(char* const* environment);

// A seccomp filter has come that would kill a new image of ours at its hello: from now on programs are run without a
// session, and our library in them does nothing.
void ForgetSession();

namespace internal {

struct EnvironmentPlan {
  size_t pointers = 0;  // of the new environment, its null included; 0: the old one will do
  size_t text_bytes = 0;
  bool withholds = false;  // ours is to be taken out
};
EnvironmentPlan PlanEnvironment(char* const* environment);
void FillEnvironment(char* const* environment, const EnvironmentPlan& plan, char** pointers, char* text);
inline bool IsTooBig(long result) { return result == E2BIG || (result == -1 && errno == E2BIG); }

}  // namespace internal

// Calls run(environment), which execs or spawns, with ours added; once more as it was if that made it too large for the
// kernel.
template <typename Run>
auto WithOurs(char* const* environment, Run run) {
  const internal::EnvironmentPlan plan = internal::PlanEnvironment(environment);
  if (plan.pointers == 0) return run(environment);
  auto** const pointers = static_cast<char**>(alloca(plan.pointers * sizeof(char*)));
  internal::FillEnvironment(environment, plan, pointers, static_cast<char*>(alloca(plan.text_bytes)));
  const auto result = run(static_cast<char* const*>(pointers));
  return internal::IsTooBig(result) ? run(environment) : result;
}

}  // namespace fdtrace
