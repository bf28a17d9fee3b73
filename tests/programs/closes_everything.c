// Closes in every wholesale way what it and anybody else may have open, then leaks four. Prints the numbers that it got
// and all that it has.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { kNumbers = 1024 };

static void open_some(void) {
  for (int i = 0; i < 20; ++i) open("/dev/zero", O_RDONLY);
}

static void storm_over_numbers(void) {
  for (int fd = 3; fd < kNumbers; ++fd) dup2(0, fd);
  for (int fd = 3; fd < kNumbers; ++fd) dup2(1, fd);
}

// As some programs do before they exec another; but 0-2.
static void close_what_proc_lists(void) {
  int found[kNumbers];
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    int fd = atoi(entry->d_name);
    if (fd > 2 && fd != dirfd(directory)) found[count++] = fd;
  }
  closedir(directory);
  for (int i = 0; i < count; ++i) close(found[i]);
}

__attribute__((noinline)) static int leaks_one(void) {
  int fd = open("/dev/null", O_RDONLY);
  __asm__ volatile("");
  return fd;
}

int main(void) {
  alarm(50);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = kNumbers;
  setrlimit(RLIMIT_NOFILE, &limit);

  open_some();
  closefrom(3);
  storm_over_numbers();
  for (int fd = 3; fd < kNumbers; ++fd) close(fd);
  open_some();
  close_what_proc_lists();

  for (int i = 0; i < 4; ++i) printf("%d\n", leaks_one());
  for (int fd = 0; fd < kNumbers; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) printf("has %d\n", fd);
  }
  return 4;
}
