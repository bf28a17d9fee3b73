// `killed_any_time PAGE THREADS [PIPE]`: opens and closes for ever, eight at a time open in each thread, and counts in
// the mapped file PAGE; with PIPE, tells each count there instead, a letter for each. For somebody else to kill.
#define _GNU_SOURCE
#include "killed_any_time.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static CountingPage* page;
static int pipe_fd = -1;

static void count(uint64_t* counter, char letter) {
  if (pipe_fd >= 0) {
    if (write(pipe_fd, &letter, 1) != 1) _exit(1);
  } else {
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
  }
}

__attribute__((noinline)) static int open_one(Counts* counts) {
  count(&counts->opening, 'o');
  int fd = open("/dev/null", O_RDONLY);
  count(&counts->opened, 'O');
  return fd;
}

static void close_one(Counts* counts, int fd) {
  count(&counts->closing, 'c');
  close(fd);
  count(&counts->closed, 'C');
}

static void* work(void* argument) {
  Counts* counts = argument;
  int held[8];
  __atomic_add_fetch(&page->threads_at_work, 1, __ATOMIC_SEQ_CST);
  for (unsigned i = 0;; ++i) {
    if (i >= 8) close_one(counts, held[i % 8]);
    held[i % 8] = open_one(counts);
  }
  return NULL;
}

int main(int argument_count, char** arguments) {
  alarm(50);
  int fd = open(arguments[1], O_RDWR);
  page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page == MAP_FAILED) return 1;
  if (argument_count > 3) pipe_fd = atoi(arguments[3]);
  int threads = atoi(arguments[2]);
  for (int i = 1; i < threads; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, &page->threads[i]);
  }
  while (__atomic_load_n(&page->threads_at_work, __ATOMIC_SEQ_CST) < threads - 1) usleep(100);
  __atomic_store_n(&page->pid, getpid(), __ATOMIC_SEQ_CST);
  work(&page->threads[0]);
}
