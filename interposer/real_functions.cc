#include "interposer/real_functions.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "interposer/next_symbols.h"

extern "C" __attribute__((weak)) const char* gnu_get_libc_version() noexcept;

namespace fdtrace {

constinit std::atomic<void*> internal::real_functions[kRowCount] = {};

namespace {

constexpr bool IsFunction(size_t row) { return kRows[row].name()[0] != 's' || kRows[row].name()[7] != '('; }
static_assert(!IsFunction(static_cast<size_t>(Row::syscall_close)) && IsFunction(static_cast<size_t>(Row::syscall)));

void* Resolve(size_t row) {
  void* const found = dlsym(RTLD_NEXT, kRows[row].name());
  internal::real_functions[row].store(found, std::memory_order_relaxed);
  return found;
}

}  // namespace

void ResolveRealFunctions() {
  const NextSymbols symbols(reinterpret_cast<const void*>(&gnu_get_libc_version));
  for (size_t row = 0; row < kRowCount; ++row) {
    if (!IsFunction(row)) continue;
    if (void* const found = symbols.Find(kRows[row].name(), kRows[row].hash)) {
      internal::real_functions[row].store(found, std::memory_order_relaxed);
    } else {
      Resolve(row);
    }
  }
}

void* internal::ResolveNow(Row row) {
  void* const found = Resolve(static_cast<size_t>(row));
  // A program cannot call a name that no library but ours defines, except by asking dlsym for it.
  if (found == nullptr) abort();
  return found;
}

}  // namespace fdtrace
