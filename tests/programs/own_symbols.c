// A program with functions of its own that have the names of libc's: what the whole process calls then is these. How
// they do the work: by syscall() (WAY 1), by an instruction (WAY 2), by the next definition that dlsym finds (WAY 3).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int own_opens, own_closes;

__attribute__((unused)) static long call(long number, long a, long b, long c, long d) {
#if WAY == 2 && defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  if (result < 0) errno = (int)-result;
  return result < 0 ? -1 : result;
#else
  return syscall(number, a, b, c, d);
#endif
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  ++own_opens;
#if WAY == 3
  int (*next)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  return next(path, flags, mode);
#else
  return (int)call(SYS_openat, AT_FDCWD, (long)path, flags, mode);
#endif
}

int close(int fd) {
  ++own_closes;
#if WAY == 3
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
  return next(fd);
#else
  return (int)call(SYS_close, fd, 0, 0, 0);
#endif
}

__attribute__((noinline)) static int leak_by_own_open(void) { return open("/dev/zero", O_RDONLY, 0); }
__attribute__((noinline)) static int leak_by_dup(void) { return dup(0); }

int main(void) {
  for (int i = 0; i < 10; ++i) {
    close(open("/dev/null", O_RDONLY, 0));
    close(dup(0));
  }
  int first = leak_by_own_open(), second = leak_by_dup();
  printf("%d %d, own %d %d, %s\n", first, second, own_opens, own_closes,
         close(-1) == -1 && errno == EBADF ? "EBADF" : "?");
  return 0;
}
