#include "interposer/start.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "interposer/attachment.h"
#include "interposer/environment.h"
#include "interposer/interposed_functions.h"
#include "interposer/kept_mappings.h"
#include "interposer/loaded_objects.h"
#include "interposer/processes.h"
#include "interposer/readable_address.h"
#include "interposer/real_functions.h"
#include "interposer/thread_ends.h"

extern "C" int __cxa_atexit(void (*)(void*), void*, void*) noexcept;
// Weak: a program of another libc that is started by a traced one loads us too, and must not fail for want of a name.
extern "C" __attribute__((weak)) int __cxa_at_quick_exit(void (*)(void*), void*) noexcept;
extern "C" __attribute__((weak)) const char* gnu_get_libc_version() noexcept;

namespace fdtrace {
namespace {

constinit std::atomic<bool> g_started{false};

FDTRACE_ON_ANY_STACK void AtExit(void*) { AnnounceExit(-1); }

// Each does nothing the second time.
void GetReady() {
  static constinit bool is_ready = false;
  if (is_ready) return;
  is_ready = true;
  ResolveRealFunctions();
  ReadOwnEnvironment(environ);
}
void GetReadyToRecord() {
  static constinit bool is_ready = false;
  if (is_ready) return;
  is_ready = true;
  GetReady();
  ListLoadedObjects();
}

// glibc passes what main gets.
__attribute__((constructor)) void Construct(int, char** arguments, char**) { Start(arguments); }

}  // namespace

void Start(char* const* arguments) {
  if (gnu_get_libc_version == nullptr) return;  // hooks pass calls on and do nothing else
  if (environ == nullptr || g_started.load(std::memory_order_relaxed) || g_started.exchange(true)) return;
  const int saved_errno = errno;
  ReadSessionVariable(environ);
  const bool is_recorded = SayFirstHello(arguments, GetReadyToRecord);
  GetReady();
  if (is_recorded) {
    GetReadyToRecord();
    if (IsLoaded("vgpreload_")) KnowValgrind();
    KeepMapped();
    WatchThreadEnds();
    // The first registered run last: after the program's own handlers, its destructors and the loader's. Without a
    // shared object's handle, so that they do not run already when this library is finalised.
    __cxa_atexit(AtExit, nullptr, nullptr);
    if (__cxa_at_quick_exit != nullptr) __cxa_at_quick_exit(AtExit, nullptr);
  }
  errno = saved_errno;
}

}  // namespace fdtrace
