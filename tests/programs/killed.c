// Opens a thousand descriptors and kills itself at once.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

__attribute__((noinline)) static void leak(void) {
  open("/dev/null", O_RDONLY);
  __asm__ volatile("");
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = 0; i < 1000; ++i) leak();
  kill(getpid(), SIGKILL);
  return 0;
}
