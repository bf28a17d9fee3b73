// How an interposed function is defined. Everything else in this library is hidden.
#pragma once

// For all that a program may call, or libc may call on its stack. A program that switches stacks by itself may come
// with one that is aligned to 8 bytes only: libc's own functions bear that.
#ifdef __x86_64__
#define FDTRACE_ON_ANY_STACK __attribute__((force_align_arg_pointer))
#else
#define FDTRACE_ON_ANY_STACK
#endif

#define FDTRACE_EXPORT extern "C" FDTRACE_ON_ANY_STACK __attribute__((visibility("default")))
