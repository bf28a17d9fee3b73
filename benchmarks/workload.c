// `workload WORK COUNT [DEPTH [THREADS]]`: does WORK so often in each thread, below so many calls, and prints how many
// nanoseconds one took. What the process needs to start is not in it. WORK may be a number instead: opens and closes
// from so many places in turn; below zero: opens from so many, and keeps them open.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static long count;
static int depth;
static int sink = -1;

static void open_close(void) {
  int fd = open("/dev/null", O_RDONLY);
  __asm__ volatile("");
  close(fd);
}

static void write_byte(void) {
  if (write(sink, "x", 1) != 1) abort();
}

static void fork_exit(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
}

static void spawn_true(void) {
  char* arguments[] = {"/bin/true", NULL};
  pid_t child;
  if (posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ) != 0) abort();
  waitpid(child, NULL, 0);
}

static void* opens_once(void* unused) {
  open_close();
  return unused;
}

static void new_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, opens_once, NULL) != 0) abort();
  pthread_join(thread, NULL);
}

static void (*work)(void);

// Each number has its own stack: a call for each of its bits.
static void zero(long bits, int left);
static void one(long bits, int left);

static void next(long bits, int left) {
  if (left == 0) {
    work();
  } else if ((bits & 1) != 0) {
    one(bits >> 1, left - 1);
  } else {
    zero(bits >> 1, left - 1);
  }
  __asm__ volatile("");
}

__attribute__((noinline)) static void zero(long bits, int left) {
  next(bits, left);
  __asm__ volatile("");
}

__attribute__((noinline)) static void one(long bits, int left) {
  next(bits, left);
  __asm__ volatile("");
}

static void keep_open(void) {
  if (open("/dev/null", O_RDONLY) < 0) abort();
}

static void from_places(long places) {
  work = places > 0 ? open_close : keep_open;
  if (places < 0) places = -places;
  for (long i = 0; i < count; ++i) next(i % places, 18);
}

__attribute__((noinline)) static void below(int calls) {
  if (calls > 0) {
    below(calls - 1);
  } else {
    for (long i = 0; i < count; ++i) work();
  }
  __asm__ volatile("");
}

static void* run(void* unused) {
  below(depth);
  return unused;
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(int argc, char** argv) {
  static const struct {
    const char* name;
    void (*work)(void);
  } kWorks[] = {{"open_close", open_close},
                {"write_byte", write_byte},
                {"fork_exit", fork_exit},
                {"spawn_true", spawn_true},
                {"new_thread", new_thread}};
  for (size_t i = 0; argc > 2 && i < sizeof kWorks / sizeof *kWorks; ++i) {
    if (strcmp(argv[1], kWorks[i].name) == 0) work = kWorks[i].work;
  }
  const long places = argc > 2 ? atol(argv[1]) : 0;
  if (work == NULL && places == 0) return 2;
  count = atol(argv[2]);
  depth = argc > 3 ? atoi(argv[3]) : 0;
  const int threads = argc > 4 ? atoi(argv[4]) : 1;
  sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
  pthread_t others[64];
  if (count < 1 || threads < 1 || threads > 64 || (places != 0 && threads > 1)) return 2;
  const uint64_t began = now_ns();
  for (int i = 1; i < threads; ++i) {
    if (pthread_create(&others[i], NULL, run, NULL) != 0) return 1;
  }
  if (places != 0) {
    from_places(places);
  } else {
    run(NULL);
  }
  for (int i = 1; i < threads; ++i) pthread_join(others[i], NULL);
  printf("%.1f\n", (double)(now_ns() - began) / (double)count);
  return 0;
}
