// Children that clone makes otherwise than fork and vfork do. Which memory and which table of descriptors they share
// with their parent:
//
//   odd_clones copied         neither, by a system call with no signal at its end
//   odd_clones files          the table (CLONE_FILES), memory not, by syscall()
//   odd_clones files_by_libc  the same, by clone()
//   odd_clones memory         memory (CLONE_VM), the table not; the parent waits for the child
//   odd_clones both           both: a thread of no library's
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kStack = 256 * 1024 };

static int of_parent = -1;
static int to_close = -1;

__attribute__((noinline)) static int leak_in_parent(void) { return open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static int leak_in_child(void) { return open("/dev/zero", O_RDONLY); }

static int child(void* unused) {
  (void)unused;
  close(to_close);
  close(open("/dev/null", O_RDONLY));
  return leak_in_child();
}

static pid_t by_syscall(int flags) {
  pid_t pid = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (pid == 0) _exit(child(NULL));
  return pid;
}

static pid_t by_libc(int flags) {
  char* stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return clone(child, stack + kStack, flags, NULL);
}

static const char* state(int fd) { return fcntl(fd, F_GETFD) == -1 ? "closed" : "open"; }

int main(int count, char** arguments) {
  if (count < 2) return 2;
  alarm(30);
  const char* how = arguments[1];
  of_parent = leak_in_parent();
  to_close = open("/dev/null", O_RDONLY);
  pid_t pid = -1;
  if (strcmp(how, "copied") == 0) pid = by_syscall(0);
  if (strcmp(how, "files") == 0) pid = by_syscall(CLONE_FILES | SIGCHLD);
  if (strcmp(how, "files_by_libc") == 0) pid = by_libc(CLONE_FILES | SIGCHLD);
  if (strcmp(how, "memory") == 0) pid = by_libc(CLONE_VM | SIGCHLD);
  if (strcmp(how, "both") == 0) pid = by_libc(CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD);
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, __WALL) != pid) return 3;
  printf("child %d of signal %d, to close %s, next number %s\n", WEXITSTATUS(status), WTERMSIG(status), state(to_close),
         state(5));
  close(to_close);
  close(open("/dev/null", O_RDONLY));
  return 4;
}
