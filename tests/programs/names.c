// `names HOW DIRECTORY`: gives files of the directory names in ways that no command has, and leaves some. HOW is
//   unnamed    two files that are made without a name, and get one by each way of linkat
//   exchange   two directories that take each other's names, and a directory and a file that do
//   threads    files whose directory is renamed by one thread after another has made them, often
//   child      by a child of vfork: a file that is linked and loses its first name, and a directory that is renamed
//   signal     the same in a signal handler that interrupts malloc
//   many       100,000 files below directories that are renamed 5,000 times
// Exit status 0 if all went as it should.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int fine, const char* what) {
  if (fine) return;
  perror(what);
  exit(1);
}

static void make(const char* name, size_t size) {
  static char bytes[100000];
  const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0, name);
}

__attribute__((noinline)) static int opens_unnamed(void) {
  const int fd = open(".", O_TMPFILE | O_RDWR, 0600);
  __asm__ volatile("");
  check(fd >= 0, "O_TMPFILE");
  return fd;
}

static void unnamed(void) {
  char by_number[64];
  const int first = opens_unnamed(), second = opens_unnamed();
  check(write(first, "x", 1) == 1 && write(second, "y", 1) == 1, "write");
  sprintf(by_number, "/proc/self/fd/%d", first);
  check(linkat(AT_FDCWD, by_number, AT_FDCWD, "by way of proc", AT_SYMLINK_FOLLOW) == 0, "linkat");
  if (linkat(second, "", AT_FDCWD, "by itself", AT_EMPTY_PATH) == 0) return;
  check(errno == ENOENT, "linkat");  // without CAP_DAC_READ_SEARCH
  sprintf(by_number, "/proc/self/fd/%d", second);
  check(linkat(AT_FDCWD, by_number, AT_FDCWD, "by itself", AT_SYMLINK_FOLLOW) == 0, "linkat");
}

static void exchange(void) {
  check(mkdir("a", 0700) == 0 && mkdir("b", 0700) == 0, "mkdir");
  make("a/one", 10000);
  make("b/two", 1);
  check(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE) == 0, "renameat2");
  make("a/three", 1);
  make("file", 20000);
  check(renameat2(AT_FDCWD, "file", AT_FDCWD, "b", RENAME_EXCHANGE) == 0, "renameat2");
}

static void* makes_files(void* of) {
  char name[64];
  for (int i = 0; i < 10; ++i) {
    sprintf(name, "%s/%d", (const char*)of, i);
    make(name, 1);
  }
  return NULL;
}

static void threads(void) {
  char from[64], to[64];
  for (int i = 0; i < 200; ++i) {
    pthread_t thread;
    sprintf(from, "new-%d", i);
    sprintf(to, "done-%d", i);
    check(mkdir(from, 0700) == 0, "mkdir");
    check(pthread_create(&thread, NULL, makes_files, from) == 0 && pthread_join(thread, NULL) == 0, "thread");
    check(rename(from, to) == 0, "rename");
  }
}

// Async-signal-safe.
static int links_and_moves(void) {
  return link("first", "second") == 0 && unlink("first") == 0 && rename("directory", "moved") == 0;
}

static void child(void) {
  int status = -1;
  make("first", 1);
  check(mkdir("directory", 0700) == 0, "mkdir");
  make("directory/file", 1);
  const pid_t pid = vfork();
  if (pid == 0) _exit(links_and_moves() ? 0 : 1);
  check(waitpid(pid, &status, 0) == pid && status == 0, "vfork");
}

static volatile sig_atomic_t done;

static void on_alarm(int number) {
  (void)number;
  errno = 4711;
  done = links_and_moves() && errno == 4711 ? 1 : -1;
}

static void in_signal(void) {
  make("first", 1);
  check(mkdir("directory", 0700) == 0, "mkdir");
  make("directory/file", 1);
  signal(SIGALRM, on_alarm);
  ualarm(10000, 0);
  while (done == 0) free(malloc(100));
  check(done == 1, "signal handler");
}

static void many(void) {
  char from[64], to[64];
  check(mkdir("0", 0700) == 0, "mkdir");
  for (int i = 0; i < 100000; ++i) {
    sprintf(from, "0/%d", i);
    const int fd = open(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
    check(fd >= 0 && close(fd) == 0, "open");
  }
  for (int i = 0; i < 5000; ++i) {
    sprintf(from, "%d", i);
    sprintf(to, "%d", i + 1);
    check(rename(from, to) == 0, "rename");
  }
}

int main(int count, char** arguments) {
  static const struct {
    const char* name;
    void (*run)(void);
  } ways[] = {{"unnamed", unnamed}, {"exchange", exchange}, {"threads", threads},
              {"child", child},     {"signal", in_signal},  {"many", many}};
  if (count != 3 || chdir(arguments[2]) != 0) return 2;
  for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i) {
    if (strcmp(ways[i].name, arguments[1]) != 0) continue;
    ways[i].run();
    return 0;
  }
  return 2;
}
