// Children by clone with memory of no content for their thread's variables, one that runs in our memory and one that
// has a copy of it; both succeed and fail in calls. Prints their statuses, and the errno of the parent, which they
// leave alone.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static _Alignas(64) char stack[1 << 16];
static _Alignas(64) char variables[1 << 13];

static int child(void* none) {
  (void)none;
  if (chdir("/") != 0 || chdir("/no/such/directory") != -1) return 1;
  const int fd = dup(0);
  if (fd < 0 || dup2(fd, 700) != 700 || close(fd) != 0 || close(fd) != -1) return 2;
  return 7;
}

__attribute__((noinline)) static int leak_one(void) {
  const int fd = open("/dev/null", O_RDONLY);
  __asm__ volatile("" ::: "memory");
  return fd;
}

int main(void) {
  const int kinds[] = {CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_VFORK | CLONE_FS, 0};
  for (int i = 0; i < 3; ++i) {
    int status = 0;
    errno = ENOTTY;
    const int pid = clone(child, stack + sizeof stack, kinds[i] | CLONE_SETTLS | SIGCHLD, NULL, NULL,
                          variables + sizeof variables / 2, NULL);
    const int error = errno;
    waitpid(pid, &status, 0);
    printf("%d %d %d %d\n", pid > 0, status, error == ENOTTY, fcntl(700, F_GETFD));
  }
  return leak_one() < 0;
}
