// `odd_execs`: runs programs in ways that the kernel refuses, and prints what it says to each.
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char* const words[] = {"true", NULL};
static char* const nothing[] = {NULL};

static void tell(const char* what, int error) { printf("%s: %s\n", what, strerror(error)); }

static void executes(const char* what, const char* path, char* const* environment) {
  execve(path, words, environment);
  tell(what, errno);
}

int main(void) {
  char* const bad = (char*)8;
  char* const bad_entry[] = {"A=1", bad, NULL};
  // An array that runs off its page.
  char** const pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 512, 4096);
  for (int i = 0; i < 512; ++i) pages[i] = "A=1";

  executes("no such path", "/no/such/path", nothing);
  executes("a directory", "/", nothing);
  executes("a bad path", bad, nothing);
  executes("a bad environment", "/bin/true", (char* const*)bad);
  executes("a bad entry", "/bin/true", bad_entry);
  executes("no end", "/bin/true", pages);
  syscall(SYS_execve, bad, words, nothing);
  tell("a bad path, by number", errno);
  syscall(SYS_execve, "/bin/true", words, bad);
  tell("a bad environment, by number", errno);
  char* const* volatile bad_environment = (char* const*)bad;  // which the compiler would warn of
  pid_t child = 0;
  tell("posix_spawn, a bad environment", posix_spawn(&child, "/bin/true", NULL, NULL, words, bad_environment));
  tell("posix_spawn, a bad path", posix_spawn(&child, bad, NULL, NULL, words, nothing));
  const int status = posix_spawn(&child, "/bin/true", NULL, NULL, words, NULL);
  tell("posix_spawn, no environment", status);
  return status == 0 && waitpid(child, NULL, 0) == child ? 0 : 1;
}
