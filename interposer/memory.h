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

// Of memory that is about to be written, from the page it begins in: all its pages at once. One by one, as they are
// touched, costs several times as much. Where the kernel does not know how (before Linux 5.14), they come one by one.
void ReadyPages(void* memory, size_t bytes);

// Bytes for small things that are kept for good (module names, program headers); null when there are none.
void* AllocateForever(size_t bytes);

}  // namespace fdtrace
