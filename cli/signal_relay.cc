// The relayed signals stay blocked, and are taken by sigtimedwait(2): no handler interrupts anything.
#include "cli/signal_relay.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <iterator>

namespace fdtrace {

// A process for its signals alone: memory and descriptors are ours, so that nothing is copied when it starts, and no
// pipe that we close stays open.
struct SignalRelay::Witness {
  pid_t parent;
  std::atomic<uint32_t> count[65] = {};
  alignas(16) std::byte stack[16 * 1024];

  static int Run(void* witness);
};

// In our memory: it may call what keeps nothing there. errno it sets when fdtrace has been stopped and goes on, as each
// call of ours does that was waiting then.
int SignalRelay::Witness::Run(void* witness) {
  auto& [parent, count, stack] = *static_cast<Witness*>(witness);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "fdtrace-witness");
  while (getppid() == parent) {
    const int signal = sigwaitinfo(&all, nullptr);
    if (signal > 0 && signal < 65) count[signal].fetch_add(1);
  }
  _exit(0);
}

namespace {

// timeout(1) signals its child and then the group: two signals for one, this close together.
constexpr int64_t kOneDeliveryNs = 50'000'000;

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void SleepNs(int64_t ns) {
  const timespec time = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  nanosleep(&time, nullptr);
}

// What people and supervisors send, an alarm(2) that was set before fdtrace was started, and the real-time signals.
// Those that stop (SIGTSTP, SIGTTIN, SIGTTOU) stop fdtrace too, as the shell expects of a job.
sigset_t RelayedSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH, SIGCHLD}) {
    sigaddset(&set, signal);
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigaddset(&set, signal);
  return set;
}

// A handler: once the trace is written, the first signal is told what the second one will do.
void SayThatOneMoreEnds(int signal) {
  static std::atomic<int64_t> said_ns = 0;
  const int64_t now_ns = NowNs();
  if (int64_t never = 0; said_ns.compare_exchange_strong(never, now_ns)) {
    constexpr char kLine[] = "fdtrace: still writing the report; one more Ctrl-C ends fdtrace without it\n";
    (void)!write(STDERR_FILENO, kLine, sizeof kLine - 1);
  } else if (now_ns - said_ns > kOneDeliveryNs) {
    ::signal(signal, SIG_DFL);
    raise(signal);  // comes when this returns
  }
}

bool MeansStop(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT; }

}  // namespace

SignalRelay::SignalRelay() : relayed_(RelayedSignals()) {
  sigprocmask(SIG_BLOCK, &relayed_, &callers_mask_);
  struct sigaction ordinary = {}, ignored = {};
  ordinary.sa_handler = SIG_DFL;
  ignored.sa_handler = SIG_IGN;
  sigaction(SIGCHLD, &ordinary,
            &callers_child_action_);                    // ignored, it would take the program's status away from wait(2)
  sigaction(SIGPIPE, &ignored, &callers_pipe_action_);  // the summary may go to a pipe that nobody reads,
  sigaction(SIGXFSZ, &ignored, &callers_size_action_);  // and the trace may outgrow RLIMIT_FSIZE

  witness_ = std::make_unique<Witness>();
  witness_->parent = getpid();
  witness_pid_ =
      clone(Witness::Run, std::end(witness_->stack), CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, witness_.get());
  if (witness_pid_ < 0) witness_.reset();
}

SignalRelay::~SignalRelay() {
  Forget();
  RestoreForExec();
  if (witness_ == nullptr) return;
  kill(witness_pid_, SIGKILL);
  waitpid(witness_pid_, nullptr, 0);
}

void SignalRelay::RestoreForExec() const {
  sigaction(SIGCHLD, &callers_child_action_, nullptr);
  sigaction(SIGPIPE, &callers_pipe_action_, nullptr);
  sigaction(SIGXFSZ, &callers_size_action_, nullptr);
  sigprocmask(SIG_SETMASK, &callers_mask_, nullptr);
}

bool SignalRelay::ReachedOurGroup(int signal) {
  if (witness_ == nullptr) return false;
  const int64_t began = NowNs();
  do {
    const uint32_t count = witness_->count[signal].load();
    if (count != witnessed_[signal]) {
      witnessed_[signal] = count;
      group_ns_[signal] = NowNs();
      return true;
    }
    if (group_ns_[signal] != 0 && began - group_ns_[signal] < kOneDeliveryNs) return true;
    SleepNs(1'000'000);
  } while (NowNs() - began < kOneDeliveryNs);
  return false;
}

void SignalRelay::PassOn(const siginfo_t& signal, pid_t program) {
  if (signal.si_pid == program && signal.si_code <= 0) return;  // its own, meant for its parent
  const bool in_our_group = getpgid(program) == getpgrp();
  // Without a witness: what the kernel sends of itself comes from the terminal, and to the group.
  const bool to_group = witness_ != nullptr ? ReachedOurGroup(signal.si_signo) : signal.si_code == SI_KERNEL;
  if (in_our_group && to_group) return;
  if (signal.si_code == SI_QUEUE) {
    sigqueue(program, signal.si_signo, signal.si_value);
  } else {
    kill(program, signal.si_signo);
  }
}

int SignalRelay::WaitForEnd(pid_t program) {
  int status = 0;
  while (true) {
    const pid_t ended = waitpid(program, &status, WNOHANG);
    if (ended == program || (ended < 0 && errno != EINTR)) break;
    siginfo_t signal;
    if (sigwaitinfo(&relayed_, &signal) > 0 && signal.si_signo != SIGCHLD) PassOn(signal, program);
  }
  Forget();
  return status;
}

SignalRelay::Waited SignalRelay::WaitUntil(const std::function<bool()>& done, std::chrono::nanoseconds limit) {
  const int64_t end_ns = NowNs() + limit.count();
  while (!done()) {
    const int64_t left_ns = end_ns - NowNs();
    if (left_ns <= 0) return Waited::kTimedOut;
    const timespec left = {.tv_sec = left_ns / 1'000'000'000, .tv_nsec = left_ns % 1'000'000'000};
    if (!MeansStop(sigtimedwait(&relayed_, nullptr, &left))) continue;
    SleepNs(kOneDeliveryNs);
    Forget();
    stopped_ = true;
    return Waited::kStopped;
  }
  return Waited::kDone;
}

void SignalRelay::Wake() const { pthread_kill(waiting_thread_, SIGCHLD); }

void SignalRelay::Forget() const {
  const timespec now = {};
  while (sigtimedwait(&relayed_, nullptr, &now) > 0) {
  }
}

void SignalRelay::Release() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    sigaddset(&ours, signal);
    struct sigaction action;
    sigaction(signal, nullptr, &action);
    if (stopped_ || action.sa_handler == SIG_IGN) continue;  // as nohup(1) sets it
    action = {};
    action.sa_handler = SayThatOneMoreEnds;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
  sigprocmask(SIG_UNBLOCK, &ours, nullptr);
  if (witness_ != nullptr) kill(witness_pid_, SIGKILL);  // nothing is passed on any more: gone when it is waited for
}

}  // namespace fdtrace
