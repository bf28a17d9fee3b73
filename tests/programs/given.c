// `given HOW`: has what it was given, does one thing with it, and ends at once. What is done by instruction passes
// every library, as a program's own system calls do.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kMebibyte = 1 << 20 };

static long by_instruction(long number, long a, long b, long c) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
#else
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#endif
}

static int open_unseen(const char* path, int flags) {
  return (int)by_instruction(SYS_openat, AT_FDCWD, (long)path, flags);
}
static void close_unseen(int fd) { by_instruction(SYS_close, fd, 0, 0); }

static void fill(int fd) {
  static char block[kMebibyte];
  memset(block, 'x', sizeof block);
  if (write(fd, block, sizeof block) != sizeof block) exit(1);
}

// Mapped when its descriptor is closed and its name is gone.
static void keep_mapped(void) {
  int fd = open("mapped", O_RDWR | O_CREAT | O_EXCL, 0600);
  fill(fd);
  void* at = mmap(NULL, kMebibyte, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  unlink("mapped");
  if (at == MAP_FAILED) exit(1);
}

int main(int count, char** arguments) {
  const char* how = count > 1 ? arguments[1] : "";
  alarm(50);
  if (strcmp(how, "keeps") == 0) return 0;
  if (strcmp(how, "closes") == 0) return fclose(stdin);
  if (strcmp(how, "closes-unseen") == 0) {
    close_unseen(0);
  } else if (strcmp(how, "opens-unseen") == 0) {
    open_unseen("/dev/zero", O_RDONLY);
  } else if (strcmp(how, "opens-one-for-another") == 0) {  // as many as before
    fcntl(0, F_SETFD, 0);
    by_instruction(SYS_dup3, 0, 40, 0);
    close_unseen(0);
  } else if (strcmp(how, "replaces-unseen") == 0) {  // by what takes a mebibyte
    int fd = (int)by_instruction(SYS_openat, AT_FDCWD, (long)".", O_RDWR | O_TMPFILE);
    fill(fd);
    by_instruction(SYS_dup3, fd, 0, 0);
    close_unseen(fd);
  } else if (strcmp(how, "leaks") == 0) {
    open("/dev/null", O_RDONLY);
  } else if (strcmp(how, "maps") == 0) {
    keep_mapped();
  } else if (strcmp(how, "stops-its-parent") == 0) {
    kill(getppid(), SIGSTOP);
  }
  return 0;
}
