// A thread is cancelled at its close(), and so closes nothing.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int fd;

__attribute__((noinline)) static void open_here(void) {
  fd = open("/dev/null", O_RDONLY);
  __asm__ volatile("");
}

static void* work(void* unused) {
  pthread_cancel(pthread_self());
  close(fd);
  return unused;
}

int main(void) {
  open_here();
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  void* result = NULL;
  pthread_join(thread, &result);
  return result == PTHREAD_CANCELED && fcntl(fd, F_GETFD) >= 0 ? 0 : 1;
}
