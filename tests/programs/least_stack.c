// A signal handler that opens, closes and forks on the least stack that the kernel takes and two kilobytes, with a page
// below it that nobody may touch.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096, kRoom = 2048 };

static volatile int leaked, children;

__attribute__((noinline)) static int leak_in_handler(void) { return open("/dev/null", O_RDONLY); }

static void on_signal(int signal) {
  int fds[2];
  if (pipe(fds) == 0) close(fds[0]), close(fds[1]);
  close(-1);
  leaked += leak_in_handler() >= 0;
  if (signal != SIGUSR2) return;
  int status = 1;
  pid_t child = fork();
  if (child == 0) {
    close(open("/dev/null", O_RDONLY));
    _exit(0);
  }
  if (waitpid(child, &status, 0) == child && status == 0) ++children;
}

int main(void) {
  alarm(30);
  size_t bytes = (size_t)sysconf(_SC_MINSIGSTKSZ) + kRoom;
  char* guard = mmap(NULL, kPage + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (guard == MAP_FAILED || mprotect(guard, kPage, PROT_NONE) != 0) return 2;
  stack_t stack = {.ss_sp = guard + kPage, .ss_size = bytes};
  if (sigaltstack(&stack, NULL) != 0) return 2;
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  sigfillset(&action.sa_mask);
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGUSR2, &action, NULL);
  raise(SIGUSR1);
  raise(SIGUSR2);
  raise(SIGUSR1);
  printf("%d opened, %d children\n", leaked, children);
  return 0;
}
