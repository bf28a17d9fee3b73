// `many_children CHILDREN [vfork]`: makes so many short processes, a few at a time; each opens and closes, every tenth
// then becomes /bin/true with one open that is marked to be closed by that. By vfork, none does, and each is buried at
// once. Prints what all of them opened.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kAtATime = 4 };

__attribute__((noinline)) static int opens_in_child(int flags) {
  int fd = open("/dev/null", O_RDONLY | flags);
  __asm__ volatile("");
  return fd;
}

static int wait_for_one(void) {
  int status = 1;
  return wait(&status) > 0 && status == 0;
}

static int make_by_vfork(int children) {
  int good = 0;
  for (int i = 0; i < children; ++i) {
    if (vfork() == 0) {
      close(opens_in_child(0));
      _exit(0);
    }
    good += wait_for_one();
  }
  printf("%d children opened %d\n", good, children);
  return 0;
}

int main(int count, char** arguments) {
  alarm(500);
  int children = count > 1 ? atoi(arguments[1]) : 0;
  if (count > 2) return make_by_vfork(children);
  int opened = 0, good = 0;
  for (int i = 0; i < children; ++i) {
    int execs = i % 10 == 9;
    pid_t child = fork();
    if (child == 0) {
      close(opens_in_child(0));
      if (!execs) _exit(0);
      opens_in_child(O_CLOEXEC);
      execl("/bin/true", "true", NULL);
      _exit(127);
    }
    opened += execs ? 2 : 1;
    if (i >= kAtATime) good += wait_for_one();
  }
  while (good < children && wait_for_one()) ++good;
  printf("%d children opened %d\n", good, opened);
  return 0;
}
