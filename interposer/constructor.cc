// What happens when the library is loaded, before any other constructor (-z initfirst): everything that needs the
// loader is done here once, so that the hooks need it no more.
#include <cerrno>

#include "interposer/attachment.h"
#include "interposer/loaded_objects.h"
#include "interposer/processes.h"
#include "interposer/real_functions.h"
#include "interposer/unwinder.h"

extern "C" int __cxa_atexit(void (*)(void*), void*, void*) noexcept;
extern "C" int __cxa_at_quick_exit(void (*)(void*), void*) noexcept;

namespace fdtrace {
namespace {

void AtExit(void*) { AnnounceExit(-1); }

__attribute__((constructor)) void Start(int, char**, char** environment) {
  const int saved_errno = errno;
  ResolveRealFunctions();
  ReadSessionVariable(environment);
  if (Attach() != nullptr) {
    ListLoadedObjects();
    LoadUnwinder();
    // The first registered run last, after the program's handlers, its destructors and even the loader's; without a
    // shared object's handle, so that they do not run already when this library is finalised.
    __cxa_atexit(AtExit, nullptr, nullptr);
    __cxa_at_quick_exit(AtExit, nullptr);
  }
  errno = saved_errno;
}

}  // namespace
}  // namespace fdtrace
