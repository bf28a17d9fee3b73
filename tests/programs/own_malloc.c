// A malloc that opens a file when it is first called, holding its lock, as jemalloc does; and a constructor that calls
// it before any of the program's own. Built as a library with -DLIBRARY, and as the program that uses it: that leaks
// one descriptor, in leak_one, and prints how often the library opened its file.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int opened_in_malloc(void);

#ifdef LIBRARY

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(16) char room[64 << 20];
static size_t used;
static int opened;

void* malloc(size_t size) {
  pthread_mutex_lock(&lock);
  if (opened++ == 0) {
    char byte;
    const int fd = syscall(SYS_openat, AT_FDCWD, "/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
    if (syscall(SYS_read, fd, &byte, 1) != 1) _exit(9);
    syscall(SYS_close, fd);
  }
  used += 16;  // the size stands before the memory
  size_t* const header = (size_t*)(room + used - 16);
  *header = size;
  used += (size + 15) & ~(size_t)15;
  pthread_mutex_unlock(&lock);
  return used < sizeof room ? (char*)header + 16 : NULL;
}

void free(void* memory) { (void)memory; }

void* calloc(size_t count, size_t size) { return malloc(count * size); }  // never used before: zero

void* realloc(void* memory, size_t size) {
  void* const larger = malloc(size);
  if (memory != NULL && larger != NULL) {
    const size_t before = *(size_t*)((char*)memory - 16);
    memcpy(larger, memory, before < size ? before : size);
  }
  return larger;
}

__attribute__((constructor)) static void first(void) { free(strdup("before main")); }

int opened_in_malloc(void) { return opened > 0; }

#else

__attribute__((noinline)) static int leak_one(void) {
  const int fd = open("/dev/null", O_RDONLY);
  __asm__ volatile("" ::: "memory");
  return fd;
}

int main(void) {
  const int fd = leak_one();
  printf("%d %d\n", opened_in_malloc(), fd);
  return 0;
}

#endif
