// Eight threads open and close at full speed, so that numbers pass from one to the other, and leak three descriptors
// each.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { kThreads = 8, kRounds = 20000, kLeaks = 3 };

__attribute__((noinline)) static void leak(void) {
  open("/dev/null", O_RDONLY);
  __asm__ volatile("");
}

__attribute__((noinline)) static void tidy(void) {
  close(open("/dev/null", O_RDONLY));
  __asm__ volatile("");
}

static void* work(void* unused) {
  for (int i = 0; i < kRounds; ++i) {
    tidy();
    if (i % (kRounds / kLeaks) == 100) leak();
  }
  return unused;
}

int main(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  printf("opened %d\n", kThreads * (kRounds + kLeaks));
  return 0;
}
