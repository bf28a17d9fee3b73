// Much of everything; prints what it did.
//
//   load rate THREADS SECONDS          copies and closes a descriptor as fast as it can
//   load at_once PROCESSES DESCRIPTORS so many open in each process at the same time, every hundredth for good
//   load long_paths COUNT              creates, closes and removes files with paths of 4,095 bytes; keeps one open
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static time_t ends;

static void* copy_and_close(void* pairs) {
  long done = 0;
  while (time(NULL) < ends) {
    for (int i = 0; i < 1000; ++i) done += close(dup(0)) == 0;
  }
  *(long*)pairs = done;
  return NULL;
}

static int rate(int threads, int seconds) {
  pthread_t* running = calloc((size_t)threads, sizeof *running);
  long *pairs = calloc((size_t)threads * 8, sizeof *pairs), sum = 0;  // a line of the cache each
  ends = time(NULL) + seconds;
  for (int i = 0; i < threads; ++i) pthread_create(&running[i], NULL, copy_and_close, &pairs[8 * i]);
  for (int i = 0; i < threads; ++i) pthread_join(running[i], NULL);
  for (int i = 0; i < threads; ++i) sum += pairs[8 * i];
  printf("opened %ld kept 0\n", sum);
  return 0;
}

__attribute__((noinline)) static int keep(void) { return dup(0); }

static int open_many(int descriptors) {
  int opened = 0;
  while (opened < descriptors && keep() >= 0) ++opened;
  return opened;
}

// All have theirs open before any closes one.
static int at_once(int processes, int descriptors) {
  int ready[2], go[2], sum = 0, kept = 0;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0) return 2;
  for (int i = 0; i < processes; ++i) {
    if (fork() != 0) continue;
    close(go[1]);
    int opened = open_many(descriptors);
    write(ready[1], &opened, sizeof opened);
    char byte;
    read(go[0], &byte, 1);
    for (int fd = 6; fd < 6 + opened; ++fd) {
      if (fd % 100 != 0) close(fd);
    }
    _exit(0);
  }
  for (int i = 0, opened; i < processes && read(ready[0], &opened, sizeof opened) == sizeof opened; ++i) {
    sum += opened;
    for (int fd = 6; fd < 6 + opened; ++fd) kept += fd % 100 == 0;
  }
  close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
  while (wait(NULL) > 0) continue;
  printf("opened %d kept %d\n", sum + 4, kept);
  return 0;
}

__attribute__((noinline)) static int open_long(const char* path) { return open(path, O_RDWR | O_CREAT, 0600); }

static int long_paths(int count) {
  char path[PATH_MAX], top[] = "/tmp/fdtrace-load-XXXXXX";
  if (mkdtemp(top) == NULL) return 2;
  size_t length = (size_t)sprintf(path, "%s", top);
  while (length + 202 < sizeof path) {  // directories of 200 bytes
    path[length] = '/';
    memset(path + length + 1, 'd', 200);
    path[length += 201] = '\0';
    if (mkdir(path, 0700) != 0) return 2;
  }
  size_t directories = length;
  path[length++] = '/';
  memset(path + length, 'f', sizeof path - 1 - length);
  path[sizeof path - 1] = '\0';
  int opened = 0;
  for (int i = 0; i < count; ++i) {
    for (int digit = 0, rest = i; digit < 8; ++digit, rest /= 10)
      path[sizeof path - 2 - digit] = (char)('0' + rest % 10);
    int fd = open_long(path);
    opened += fd >= 0;
    if (i > 0) close(fd);
    unlink(path);
  }
  for (path[length = directories] = '\0'; length > strlen(top); path[length -= 201] = '\0') rmdir(path);
  rmdir(top);
  printf("opened %d kept 1\n", opened);
  return 0;
}

int main(int count, char** arguments) {
  alarm(600);
  if (count > 3 && strcmp(arguments[1], "rate") == 0) return rate(atoi(arguments[2]), atoi(arguments[3]));
  if (count > 3 && strcmp(arguments[1], "at_once") == 0) return at_once(atoi(arguments[2]), atoi(arguments[3]));
  if (count > 2 && strcmp(arguments[1], "long_paths") == 0) return long_paths(atoi(arguments[2]));
  return 2;
}
