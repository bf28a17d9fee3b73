// A signal handler opens and closes on an alternate stack of eight kilobytes, with something dear to somebody just
// below it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kStack = 8192, kBelow = 16384 };

static int opened;

static void on_signal(int signal) {
  (void)signal;
  int fd = open("/dev/null", O_RDONLY);
  opened += fd >= 0;
  close(fd);
}

static int try_on(unsigned char* room) {
  memset(room, 0xaa, kBelow);
  stack_t stack = {.ss_sp = room + kBelow, .ss_size = kStack};
  if (sigaltstack(&stack, NULL) != 0) return 2;
  for (int i = 0; i < 3; ++i) raise(SIGUSR1);
  for (int i = 0; i < kBelow; ++i) {
    if (room[i] != 0xaa) {
      puts("overrun");
      return 1;
    }
  }
  return 0;
}

int main(void) {
  unsigned char near[kBelow + kStack];  // within the thread's own stack
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  if (sigaction(SIGUSR1, &action, NULL) != 0) return 2;
  unsigned char* far = mmap(NULL, kBelow + kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (try_on(far) != 0 || try_on(near) != 0) return 1;
  printf("%d opened\n", opened);
  return 0;
}
