#include "collector/session_bell.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <system_error>
#include <utility>

namespace fdtrace {
namespace {

// Shared between processes: no FUTEX_PRIVATE_FLAG.
long Futex(std::atomic<uint32_t>& word, int operation, uint32_t value) {
  return syscall(SYS_futex, &word, operation, value, nullptr);
}

}  // namespace

BellThread::BellThread(SessionPage& page, int event_fd)
    : page_(page), event_fd_(event_fd), heard_(page.bell.load(std::memory_order_seq_cst)) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the caller's signals are for the caller's threads
  try {
    thread_ = std::thread([this, heard = heard_] { Run(heard); });
  } catch (const std::system_error&) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BellThread::~BellThread() {
  if (!works()) return;
  ending_.store(true);
  page_.bell.fetch_add(1);
  Futex(page_.bell, FUTEX_WAKE, INT_MAX);
  thread_.join();
}

bool BellThread::Sleep() {
  page_.collector_sleeps.store(1, std::memory_order_seq_cst);
  return page_.bell.load(std::memory_order_seq_cst) == heard_;
}

bool BellThread::Wake() {
  page_.collector_sleeps.store(0, std::memory_order_seq_cst);
  const uint32_t before = std::exchange(heard_, page_.bell.load(std::memory_order_seq_cst));
  return before != heard_;
}

void BellThread::Run(uint32_t seen) {
  pthread_setname_np(pthread_self(), "fdtrace-bell");
  while (!ending_.load()) {
    Futex(page_.bell, FUTEX_WAIT, seen);
    const uint32_t now = page_.bell.load(std::memory_order_seq_cst);
    if (now == seen) continue;
    seen = now;
    const uint64_t one = 1;
    (void)!write(event_fd_, &one, sizeof one);
  }
}

}  // namespace fdtrace
