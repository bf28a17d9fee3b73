// Coroutines by makecontext on stacks of sixteen kilobytes (or as many pages as PAGES says), each with a page below it
// that nobody may touch: they open and close in turns, and one forks. One also ends by setcontext to another, and never
// returns.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef PAGES
#define PAGES 4
#endif
enum { kPage = 4096, kStack = PAGES * kPage, kCoroutines = 20, kRounds = 50 };

static ucontext_t of_main, of_coroutine[kCoroutines];
static int opened, children;

__attribute__((noinline)) static void leak_in_coroutine(void) { opened += open("/dev/null", O_RDONLY) >= 0; }

static void run(int number) {
  for (int round = 0; round < kRounds; ++round) {
    int fd = open("/dev/null", O_RDONLY);
    swapcontext(&of_coroutine[number], &of_main);
    close(fd);
  }
  leak_in_coroutine();
  if (number == 3) {
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
      close(open("/dev/null", O_RDONLY));
      _exit(0);
    }
    if (waitpid(child, &status, 0) == child && status == 0) ++children;
  }
  setcontext(&of_main);
}

int main(void) {
  alarm(30);
  for (int i = 0; i < kCoroutines; ++i) {
    char* guard = mmap(NULL, kPage + kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard == MAP_FAILED || mprotect(guard, kPage, PROT_NONE) != 0) return 2;
    getcontext(&of_coroutine[i]);
    of_coroutine[i].uc_stack.ss_sp = guard + kPage;
    of_coroutine[i].uc_stack.ss_size = kStack;
    makecontext(&of_coroutine[i], (void (*)(void))run, 1, i);
  }
  for (int round = 0; round <= kRounds; ++round) {
    for (int i = 0; i < kCoroutines; ++i) swapcontext(&of_main, &of_coroutine[i]);
  }
  printf("%d opened, %d children\n", opened, children);
  return 0;
}
