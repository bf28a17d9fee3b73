// The environment of a program that a traced one runs: with ours in it, though the program have scrubbed it.
//
//  - Puts together on the caller's stack what is missing: a vfork child shares its parent's heap, and may allocate
//  nothing.
//  - An environment that has all is passed on as it is; so is one too large for the stack, and anything where there is
//  no
//    session.
#pragma once

#include <alloca.h>

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
};
EnvironmentPlan PlanEnvironment(char* const* environment);
void FillEnvironment(char* const* environment, char** pointers, char* text);

}  // namespace internal

// Calls run(environment) with ours added.
template <typename Run>
auto WithOurs(char* const* environment, Run run) {
  const internal::EnvironmentPlan plan = internal::PlanEnvironment(environment);
  if (plan.pointers == 0) return run(environment);
  auto** const pointers = static_cast<char**>(alloca(plan.pointers * sizeof(char*)));
  internal::FillEnvironment(environment, pointers, static_cast<char*>(alloca(plan.text_bytes)));
  return run(static_cast<char* const*>(pointers));
}

}  // namespace fdtrace
