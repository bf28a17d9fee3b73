// A parent takes descriptors out of its child's table (pidfd_getfd) while the child waits, and the child out of none.
// Exits with 77 where that may not be done.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static int leak_in_child(void) { return open("/dev/zero", O_RDONLY); }
__attribute__((noinline)) static int leak_taken(int pidfd, int fd) {
  return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

int main(void) {
  alarm(30);
  int ready[2], go[2];
  if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0) return 2;
  pid_t child = fork();
  if (child == 0) {
    close(ready[0]);
    close(go[1]);
    char number = (char)leak_in_child();
    write(ready[1], &number, 1);
    read(go[0], &number, 1);
    // Still its own, whoever has it too.
    _exit(fcntl(number, F_GETFD) == -1 ? 1 : 9);
  }
  close(ready[1]);
  close(go[0]);
  char number = 0;
  if (read(ready[0], &number, 1) != 1) return 2;
  int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
  int taken = leak_taken(pidfd, number);
  if (taken < 0) return 77;
  for (int i = 0; i < 10; ++i) close((int)syscall(SYS_pidfd_getfd, pidfd, number, 0));
  write(go[1], "", 1);
  int status = 0;
  waitpid(child, &status, 0);
  close(ready[0]);
  close(go[1]);
  close(pidfd);
  printf("took %d, child %d\n", taken > 2, WEXITSTATUS(status));
  return 0;
}
