// A timer interrupts a program that opens and closes; the handler does the same, on an alternate stack, and now and
// then leaves by siglongjmp. Whatever is interrupted must go on as if nothing were.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf out_of_here;
static volatile int may_jump, ticks, jumps;

static void on_tick(int signal) {
  (void)signal;
  int saved = errno;
  close(open("/dev/null", O_RDONLY));
  ++ticks;
  errno = saved;
  if (may_jump && ticks % 50 == 0) {
    ++jumps;
    siglongjmp(out_of_here, 1);
  }
}

__attribute__((noinline)) static int deeper(int depth) {
  if (depth > 0) return deeper(depth - 1) + 1;
  int fd = dup(0);
  if (fd < 0) abort();
  close(fd);
  return 0;
}

int main(void) {
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_ONSTACK | SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &timer, NULL);
  volatile int rounds = 0;
  while (rounds < 60000 || ticks < 200) {
    if (sigsetjmp(out_of_here, 1) == 0) {
      may_jump = 1;
      deeper(rounds % 20);
      may_jump = 0;
    }
    ++rounds;
    if (rounds > 50000000) break;
  }
  timer = (struct itimerval){{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &timer, NULL);
  closefrom(3);                                    // what a jump left open between dup and close
  if (open("/dev/null", O_RDONLY) != 3) return 1;  // and open still opens
  printf("done, %s\n", jumps > 0 ? "jumped" : "never jumped");
  return 0;
}
