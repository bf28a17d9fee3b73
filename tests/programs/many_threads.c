// A thousand threads that open and close at the same moment.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

enum { kThreads = 1000 };
static pthread_barrier_t barrier;

static void* work(void* unused) {
  pthread_barrier_wait(&barrier);
  close(open("/dev/null", O_RDONLY));
  pthread_barrier_wait(&barrier);
  return unused;
}

int main(void) {
  pthread_t threads[kThreads];
  pthread_barrier_init(&barrier, NULL, kThreads);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  for (int i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], &attributes, work, NULL) != 0) return 2;
  }
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  return 0;
}
