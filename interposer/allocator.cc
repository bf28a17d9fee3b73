// No unwinder is loaded yet, so the stack is searched word by word for addresses in the object that malloc is in. What
// an earlier call left there is found as well, and costs the stacks of what libraries' constructors open.
#include "interposer/allocator.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <cstdint>

// Absent from other libcs, and the second before glibc 2.35.
extern "C" __attribute__((weak)) void* __libc_stack_end;
extern "C" __attribute__((weak)) int _dl_find_object(void*, dl_find_object*) noexcept;
extern "C" __attribute__((weak)) const char* gnu_get_libc_version() noexcept;

namespace fdtrace {
namespace {

constexpr uintptr_t kLargestStack = uintptr_t{1}
                                    << 20;  // before main; another thread's is not below the first one's end

// An address sanitizer would object to what is read between variables.
__attribute__((no_sanitize("address"))) bool StackHasAddressIn(uintptr_t start, uintptr_t end) {
  const auto* const from = static_cast<const uintptr_t*>(__builtin_frame_address(0));
  const auto* const to = static_cast<const uintptr_t*>(__libc_stack_end);
  if (from > to || reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) > kLargestStack) return true;
  for (const uintptr_t* word = from; word < to; ++word) {
    if (*word >= start && *word < end) return true;
  }
  return false;
}

}  // namespace

bool MayBeInsideAllocator() {
  if (_dl_find_object == nullptr || &__libc_stack_end == nullptr) return true;
  dl_find_object allocator;
  dl_find_object libc;
  void* const malloc_address = dlsym(RTLD_DEFAULT, "malloc");
  if (malloc_address == nullptr || _dl_find_object(malloc_address, &allocator) != 0 ||
      _dl_find_object(reinterpret_cast<void*>(gnu_get_libc_version), &libc) != 0) {
    return true;
  }
  if (allocator.dlfo_map_start == libc.dlfo_map_start) return false;
  return StackHasAddressIn(reinterpret_cast<uintptr_t>(allocator.dlfo_map_start),
                           reinterpret_cast<uintptr_t>(allocator.dlfo_map_end));
}

}  // namespace fdtrace
