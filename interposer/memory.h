// Memory of our own: anonymous private pages straight from the kernel, so that fork copies them and no heap is touched.
// Safe in signal handlers and after fork.
#pragma once

#include <cstddef>

// Of a large variable that is zero at first, of which most programs touch little: behind all others, so that those that
// every program touches as it starts lie in few pages (the linker sorts sections by name, see meson.build).
#define FDTRACE_LARGE __attribute__((section(".bss.large")))

namespace fdtrace {

// Zeroed pages; null when the kernel refuses, or a seccomp filter forbids to ask it.
void* AllocatePages(size_t bytes);
void FreePages(void* pages, size_t bytes);

// Bytes for small things that are kept for good (module names, program headers); null when there are none.
void* AllocateForever(size_t bytes);

}  // namespace fdtrace
