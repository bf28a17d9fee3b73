// Signals while a program is traced: fdtrace outlives them, and the program gets each one that it would have got had it
// been started without fdtrace in between, once.
//
//  - A signal sent to the whole process group (Ctrl-C, timeout(1), a service manager) reaches the program by itself.
//    One sent to fdtrace alone is passed on. si_code does not tell them apart, so a witness does: a process in our
//    group that blocks every signal and counts what comes.
//  - As long as the program runs, what people interrupt is the program: a shell or an interpreter makes its own of
//    Ctrl-C, however often it comes. Afterwards the first signal that means "stop" stops the waiting for what else
//    runs, and one more ends fdtrace.
//  - The program starts with the signal mask and dispositions that fdtrace was started with.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace fdtrace {

class SignalRelay {
 public:
  // To be made before any thread: they inherit the blocked signals.
  SignalRelay();
  ~SignalRelay();
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;

  // In a forked child, before exec: what fdtrace's caller had set. Async-signal-safe.
  void RestoreForExec() const;

  // Passes signals on until PROGRAM, a child of ours, has ended. Its wait status, see wait(2). Forgets the signals that
  // are still pending then: a Ctrl-C that ended the program is not one more.
  int WaitForEnd(pid_t program);

  enum class Waited { kDone, kStopped, kTimedOut };
  // Until DONE is true, which is asked after each Wake; a signal that means "stop" came; or LIMIT is over. To be called
  // no more once it has said kStopped.
  Waited WaitUntil(const std::function<bool()>& done, std::chrono::nanoseconds limit);
  void Wake() const;  // from any thread

  // Nothing is left to lose: signals may end fdtrace, but the first one since the program ended only makes it say so.
  // Those that came meanwhile count as if they came now.
  void Release();

 private:
  struct Witness;

  void PassOn(const siginfo_t& signal, pid_t program);
  bool ReachedOurGroup(int signal);
  void Forget() const;

  sigset_t callers_mask_;
  struct sigaction callers_child_action_, callers_pipe_action_, callers_size_action_;
  sigset_t relayed_;
  pthread_t waiting_thread_ = pthread_self();
  std::unique_ptr<Witness> witness_;  // null when it could not be had: then si_code must do
  pid_t witness_pid_ = -1;
  uint32_t witnessed_[65] = {};  // of each signal, how many of the witness's count were taken account of
  int64_t group_ns_[65] = {};    // when it last came to the group
  bool stopped_ = false;         // a signal has ended WaitUntil
};

}  // namespace fdtrace
