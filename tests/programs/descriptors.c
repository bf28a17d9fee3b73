// Prints the descriptors that it has, again and again: at the start, after the first open, in a thread, in a forked
// child before and after its first open, and after closing everything.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void list(const char* when) {
  printf("%s:", when);
  for (int fd = 0; fd < 64; ++fd) {
    char name[64], target[256];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, target, sizeof target - 1);
    if (length < 0) continue;
    target[length] = 0;
    printf(" %d=%s", fd, fd < 3 ? "standard" : target);
  }
  printf("\n");
  fflush(stdout);
}

static void* in_thread(void* unused) {
  close(open("/dev/null", O_RDONLY));
  list("thread");
  return unused;
}

int main(void) {
  list("start");
  int fd = open("/dev/null", O_RDONLY);
  list("one open");
  close(fd);
  list("none open");
  pthread_t thread;
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, NULL);
  pid_t child = fork();
  if (child == 0) {
    list("child");
    fd = open("/dev/zero", O_RDONLY);
    list("child, one open");
    _exit(0);
  }
  waitpid(child, NULL, 0);
  closefrom(3);
  list("all closed");
  for (int i = 3; i < 1024; ++i) close(i);
  fd = open("/dev/null", O_RDONLY);
  list("end");
  return 0;
}
