// `endings HOW`: leaks a known number of descriptors and ends in one of the ways that processes end. Each place that
// leaks is a function of its own.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static const char kSelf[] = "/proc/self/exe";

__attribute__((noinline)) static int opens_first(int flags) {
  int fd = open("/dev/null", O_RDONLY | flags);
  __asm__ volatile("");
  return fd;
}

__attribute__((noinline)) static int opens_later(void) {
  int fd = open("/dev/zero", O_RDONLY);
  __asm__ volatile("");
  return fd;
}

static void leak_first(int count) {
  for (int i = 0; i < count; ++i) opens_first(0);
}

static void leak_later(int count) {
  for (int i = 0; i < count; ++i) opens_later();
}

static int status_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int end_fork(void) {
  int own[2] = {opens_first(0), opens_first(0)};
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 2; ++i) close(own[i]);
    leak_later(3);
    return 0;
  }
  return status_of(child) == 0 ? 7 : 1;
}

static int end_exit_at_once(void) {
  leak_first(4);
  _exit(9);
}

static int end_abort(void) {
  leak_first(4);
  abort();
}

static int end_segv(void) {
  leak_first(4);
  *(volatile int*)NULL = 1;
  return 1;
}

static int end_kill(void) {
  leak_first(10);
  kill(getpid(), SIGKILL);
  return 1;
}

static int end_later(void) {
  leak_later(3);
  return 8;
}

static int end_spawn(void) {
  opens_first(O_CLOEXEC);
  pid_t child;
  char* arguments[] = {"endings", "later", NULL};
  if (posix_spawn(&child, kSelf, NULL, NULL, arguments, environ) != 0) return 1;
  return status_of(child);
}

static int end_exec(void) {
  leak_first(2);
  opens_first(O_CLOEXEC);
  execl(kSelf, "endings", "later", NULL);
  return 1;
}

static int end_exec_bare(void) {
  leak_first(2);
  opens_first(O_CLOEXEC);
  char* nothing[] = {NULL};
  execle(kSelf, "endings", "later", NULL, nothing);
  return 1;
}

// The daemon outlives the program, and has closed all it could find.
static int end_daemon(void) {
  leak_first(2);
  if (fork() != 0) return 6;
  setsid();
  if (fork() != 0) _exit(0);
  alarm(50);  // no longer in the process group that a test would kill
  for (int fd = 0; fd < 1024; ++fd) close(fd);
  usleep(50 * 1000);
  for (int fd = 0; fd < 3; ++fd) open("/dev/null", O_RDWR);
  leak_later(5);
  return 0;
}

// The program has ended when its child first opens something.
static int end_orphan(void) {
  leak_first(2);
  if (fork() != 0) return 4;
  usleep(50 * 1000);
  leak_later(3);
  return 0;
}

static int end_children(void) {
  for (int i = 0; i < 300; ++i) {
    if (fork() == 0) {
      opens_later();
      _exit(0);
    }
  }
  int good = 0;
  for (int status; wait(&status) > 0;) good += status == 0;
  return good == 300 ? 5 : 1;
}

static const struct {
  const char* how;
  int (*end)(void);
} kEndings[] = {{"fork", end_fork},   {"_exit", end_exit_at_once},  {"abort", end_abort},
                {"segv", end_segv},   {"kill", end_kill},           {"spawn", end_spawn},
                {"exec", end_exec},   {"exec-bare", end_exec_bare}, {"daemon", end_daemon},
                {"later", end_later}, {"orphan", end_orphan},       {"children", end_children}};

int main(int count, char** arguments) {
  alarm(50);
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  for (size_t i = 0; count == 2 && i < sizeof kEndings / sizeof *kEndings; ++i) {
    if (strcmp(arguments[1], kEndings[i].how) == 0) return kEndings[i].end();
  }
  fprintf(stderr, "endings: how?\n");
  return 2;
}
