#include "interposer/thread_ends.h"

#include <pthread.h>

#include <atomic>

#include "interposer/interposed_functions.h"
#include "interposer/ring_writer.h"

// Weak: before glibc 2.34 they are there only in programs that use threads.
extern "C" __attribute__((weak)) int pthread_key_create(pthread_key_t*, void (*)(void*)) noexcept;
extern "C" __attribute__((weak)) int pthread_setspecific(pthread_key_t, const void*) noexcept;

namespace fdtrace {
namespace {

// glibc has room for the first ones in every thread; for others it would allocate.
constexpr pthread_key_t kKeysWithRoom = 32;
constexpr pthread_key_t kNoKey = ~pthread_key_t{0};
constinit std::atomic<pthread_key_t> g_key{kNoKey};

FDTRACE_ON_ANY_STACK void AtEnd(void*) { ReleaseRing(); }

}  // namespace

void WatchThreadEnds() {
  pthread_key_t key = 0;
  if (pthread_key_create == nullptr || pthread_setspecific == nullptr || pthread_key_create(&key, AtEnd) != 0) return;
  if (key < kKeysWithRoom) g_key.store(key, std::memory_order_relaxed);
}

void WatchThisThreadsEnd() {
  const pthread_key_t key = g_key.load(std::memory_order_relaxed);
  if (key != kNoKey) pthread_setspecific(key, &g_key);
}

}  // namespace fdtrace
