// As many threads as the argument says, or as the machine allows, all alive at once: each opens two and closes one,
// before any other may end.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int made, arrived, all_made;
static int* all_kept;  // by thread

__attribute__((noinline)) static int leak_in_crowd(void) { return open("/dev/null", O_RDONLY); }

static int leaks(int thread) { return thread % 2 != 0; }

static void* work(void* kept) {
  close(open("/dev/null", O_RDONLY));
  *(int*)kept = leak_in_crowd();
  pthread_mutex_lock(&lock);
  ++arrived;
  pthread_cond_broadcast(&changed);
  while (!all_made || arrived < made) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  // Every second one is closed after all; which numbers those have is the moment's.
  if (!leaks((int)((int*)kept - all_kept))) close(*(int*)kept);
  return NULL;
}

int main(int count, char** arguments) {
  int wanted = count > 1 ? atoi(arguments[1]) : 1000;
  alarm(300);
  pthread_t* threads = calloc((size_t)wanted, sizeof *threads);
  all_kept = calloc((size_t)wanted, sizeof *all_kept);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  while (made < wanted && pthread_create(&threads[made], &attributes, work, &all_kept[made]) == 0) ++made;
  pthread_mutex_lock(&lock);
  all_made = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  int leaked = 0;
  for (int i = 0; i < made; ++i) {
    pthread_join(threads[i], NULL);
    leaked += leaks(i);
  }
  printf("%d threads opened %d, leaked %d\n", made, 2 * made, leaked);
  return made > 0 ? 0 : 77;
}
