// Marks tests as integrations/fdtrace.h has it: "marked WHAT…" does one thing after the other, and prints what
// fdtrace_still_open says where it is asked. Runs without fdtrace as well.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integrations/fdtrace.h"

extern char** environ;
static char* program;
static uint64_t began;

static void mark(const char* name) {
  errno = 77;
  if (fdtrace_mark) began = fdtrace_mark(name);
  if (errno != 77) abort();
}

__attribute__((noinline)) static int leak(void) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  __asm__ volatile("");
  return fd;
}

static void await(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) abort();
}

static void* in_thread(void* unused) {
  leak();
  return unused;
}

// A thread that is there before, and opens whenever it is told.
static int wanted[2], done[2];
static void* elder(void* unused) {
  char byte;
  while (read(wanted[0], &byte, 1) == 1) {
    leak();
    if (write(done[1], &byte, 1) != 1) abort();
  }
  return unused;
}
static void start_elder(void) {
  pthread_t thread;
  if (pipe(wanted) != 0 || pipe(done) != 0) abort();
  pthread_create(&thread, NULL, elder, NULL);
}
static void ask_elder(void) {
  char byte = 0;
  if (write(wanted[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) abort();
}

static void fork_and(const char* what) {
  pid_t child = fork();
  if (child == 0) {
    if (strcmp(what, "mark") == 0) mark("of the child");
    if (strcmp(what, "exec") == 0) execl(program, program, "leak", NULL);
    leak();
    exit(0);
  }
  await(child);
}

static void by_vfork(void) {
  pid_t child = vfork();
  if (child == 0) {
    if (fdtrace_mark && fdtrace_mark("of the vfork child") != 0) _exit(1);
    execl(program, program, "leak", NULL);
    _exit(1);
  }
  await(child);
}

static void by_spawn(void) {
  char* words[] = {program, "leak", NULL};
  pid_t child;
  if (posix_spawn(&child, program, NULL, NULL, words, environ) != 0) abort();
  await(child);
}

static void by_shell(int with_popen) {
  char command[4096];
  snprintf(command, sizeof command, "%s leak", program);
  if (!with_popen) {
    if (system(command) != 0) abort();
    return;
  }
  FILE* stream = popen(command, "r");
  if (stream == NULL || pclose(stream) != 0) abort();
}

static int last = -1;
static void leak_one(void) { last = leak(); }
static void close_it(void) { close(last); }
static void end(void) { mark(NULL); }
static void in_new_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, NULL);
}
static void fork_and_leak(void) { fork_and("leak"); }
static void fork_and_mark(void) { fork_and("mark"); }
static void fork_and_exec(void) { fork_and("exec"); }
static void by_system(void) { by_shell(0); }
static void by_popen(void) { by_shell(1); }
static void ask(void) {
  printf("%d\n", fdtrace_still_open ? fdtrace_still_open(began, UINT64_MAX) : -1);
  fflush(stdout);
}

static const struct {
  const char* name;
  void (*run)(void);
} kSteps[] = {{"leak", leak_one},
              {"close", close_it},
              {"end", end},
              {"thread", in_new_thread},
              {"start_elder", start_elder},
              {"elder", ask_elder},
              {"fork", fork_and_leak},
              {"fork_mark", fork_and_mark},
              {"fork_exec", fork_and_exec},
              {"vfork", by_vfork},
              {"spawn", by_spawn},
              {"system", by_system},
              {"popen", by_popen},
              {"ask", ask}};

static void run(const char* what) {
  if (strncmp(what, "test:", 5) == 0) return mark(what + 5);
  for (size_t i = 0; i < sizeof kSteps / sizeof *kSteps; ++i) {
    if (strcmp(what, kSteps[i].name) == 0) return kSteps[i].run();
  }
  abort();
}

int main(int count, char** words) {
  program = words[0];
  for (int i = 1; i < count; ++i) run(words[i]);
  return 0;
}
