// `starter HOW PROGRAM`: holds two descriptors that exec closes and starts PROGRAM by fork, vfork, posix_spawn, system,
// popen or exec; a forked child first opens one more such. With HOW "socket", holds a socket that exec does not close,
// too, and forks. Ends with the program's status.
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

__attribute__((noinline)) static void keeps_two(void) {
  for (int i = 0; i < 2; ++i) open("/dev/null", O_RDONLY | O_CLOEXEC);
  __asm__ volatile("");
}

__attribute__((noinline)) static void opens_socket(void) {
  socket(AF_UNIX, SOCK_STREAM, 0);
  __asm__ volatile("");
}

__attribute__((noinline)) static void opens_in_child(void) {
  open("/dev/zero", O_RDONLY | O_CLOEXEC);
  __asm__ volatile("");
}

static int wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 1;
  return WEXITSTATUS(status);
}

static int by_fork(const char* program) {
  pid_t child = fork();
  if (child == 0) {
    opens_in_child();
    execl(program, program, NULL);
    _exit(127);
  }
  return wait_for(child);
}

static int by_vfork(const char* program) {
  pid_t child = vfork();
  if (child == 0) {
    execl(program, program, NULL);
    _exit(127);
  }
  return wait_for(child);
}

static int by_spawn(char* program) {
  pid_t child;
  char* arguments[] = {program, NULL};
  if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0) return 127;
  return wait_for(child);
}

static int by_popen(const char* program) {
  FILE* pipe = popen(program, "r");
  char line[200];
  while (fgets(line, sizeof line, pipe) != NULL) fputs(line, stdout);
  return WEXITSTATUS(pclose(pipe));
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const char* how = arguments[1];
  char* program = arguments[2];
  alarm(50);
  keeps_two();
  if (strcmp(how, "socket") == 0) opens_socket();
  if (strcmp(how, "fork") == 0 || strcmp(how, "socket") == 0) return by_fork(program);
  if (strcmp(how, "vfork") == 0) return by_vfork(program);
  if (strcmp(how, "spawn") == 0) return by_spawn(program);
  if (strcmp(how, "system") == 0) return WEXITSTATUS(system(program));
  if (strcmp(how, "popen") == 0) return by_popen(program);
  execl(program, program, NULL);
  return 127;
}
