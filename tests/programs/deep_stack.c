// Goes down its stack step by step and opens and closes at every step, until two kilobytes are left above the page that
// nobody may touch: on the stack of a thread that is as small as one may be, or on that of the program (argument main).
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { kLeft = 2048 };

static uintptr_t lowest;
static int opened, leaked;

__attribute__((noinline)) static void leak_at_the_end(void) { leaked += open("/dev/null", O_RDONLY) >= 0; }

__attribute__((noinline)) static int descend(void) {
  volatile char step[128] = "";
  if ((uintptr_t)__builtin_frame_address(0) - sizeof step - 64 < lowest + kLeft) {
    leak_at_the_end();
    return 0;
  }
  opened += close(open("/dev/null", O_RDONLY)) == 0;
  return descend() + 1 + step[1];  // not a tail call
}

static void* thread(void* depth) {
  *(int*)depth = descend();
  return NULL;
}

static int descend_in_thread(void) {
  size_t bytes = PTHREAD_STACK_MIN;
  char* guard = mmap(NULL, 4096 + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (guard == MAP_FAILED || mprotect(guard, 4096, PROT_NONE) != 0) abort();
  lowest = (uintptr_t)guard + 4096;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstack(&attributes, guard + 4096, bytes) != 0) abort();
  pthread_t one;
  int depth = 0;
  if (pthread_create(&one, &attributes, thread, &depth) != 0) abort();
  pthread_join(one, NULL);
  return depth;
}

// The kernel lets the stack grow to the limit, counted from its end in memory.
static int descend_in_main(void) {
  FILE* maps = fopen("/proc/self/maps", "re");
  char line[512];
  unsigned long start = 0, end = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "[stack]") != NULL) sscanf(line, "%lx-%lx", &start, &end);
  }
  if (maps == NULL || end == 0) abort();
  fclose(maps);
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  lowest = end - limit.rlim_cur;
  return descend();
}

int main(int count, char** arguments) {
  alarm(30);
  int depth = count > 1 && strcmp(arguments[1], "main") == 0 ? descend_in_main() : descend_in_thread();
  printf("%d leaked, %s\n", leaked, opened == depth && depth > 20 ? "deep enough" : "not deep");
  return 0;
}
