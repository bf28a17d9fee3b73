// Opens much and closes all of it, in every way there is, one of them past every library.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long raw_close(long fd) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_close), "D"(fd) : "rcx", "r11", "memory");
  return result;
#else
  register long x8 __asm__("x8") = SYS_close;
  register long x0 __asm__("x0") = fd;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8) : "memory");
  return x0;
#endif
}

static int null(void) { return open("/dev/null", O_RDONLY); }

int main(int count, char** arguments) {
  (void)arguments;
  close(null());
  fclose(fopen("/dev/null", "r"));
  closedir(opendir("/"));
  pclose(popen("true", "r"));
  syscall(SYS_close, null());
  int over = null();
  dup2(0, over);
  close(over);
  int again = null();
  dup2(null(), again);
  int first = null();
  for (int i = 0; i < 9; ++i) null();
  close_range(first - 2, first + 4, 0);
  closefrom(3);
  raw_close(null());
  int reused = null();  // the number that was closed unseen
  close(reused);
  raw_close(null());
  return count > 9;
}
