// Takes all memory that it may have (RLIMIT_AS), to the last page, and goes on: opens, closes, copies to high numbers,
// forks, and lets threads that are there already do the same. All of that needs no memory of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kThreads = 3, kRounds = 100, kHighNumber = 6000 };

static pthread_barrier_t all_taken;

__attribute__((noinline)) static int leak_before(void) { return open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static int leak_without_memory(void) { return open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static int copy_without_memory(int fd) { return dup2(fd, kHighNumber); }
__attribute__((noinline)) static int leak_in_child(void) { return open("/dev/null", O_RDONLY); }

static int work(void) {
  int done = 0;
  for (int i = 0; i < kRounds; ++i) done += close(open("/dev/null", O_RDONLY)) == 0;
  return done + (leak_without_memory() >= 0);
}

static void* thread(void* number) {
  (void)number;
  pthread_barrier_wait(&all_taken);
  return (void*)(long)work();
}

static void take_everything(void) {
  for (size_t bytes = 1 << 30; bytes >= 4096; bytes /= 2) {
    while (mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) {
    }
  }
}

int main(int count, char** arguments) {
  alarm(40);
  int is_cold = count > 1 && strcmp(arguments[1], "cold") == 0;
  struct rlimit limit = {1l << 30, 1l << 30}, numbers;
  getrlimit(RLIMIT_NOFILE, &numbers);
  numbers.rlim_cur = numbers.rlim_max;
  setrlimit(RLIMIT_NOFILE, &numbers);
  printf("begins\n");  // now it has its buffer
  fflush(stdout);
  if (!is_cold) leak_before();
  pthread_barrier_init(&all_taken, NULL, kThreads + 1);
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, thread, (void*)i);
  if (setrlimit(RLIMIT_AS, &limit) != 0) return 2;
  take_everything();
  if (mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED || errno != ENOMEM) return 2;
  pthread_barrier_wait(&all_taken);
  int done = work();
  for (int i = 0; i < kThreads; ++i) {
    void* of_thread = NULL;
    pthread_join(threads[i], &of_thread);
    done += (int)(long)of_thread;
  }
  int copy = copy_without_memory(0);
  int status = 1;
  pid_t child = fork();
  if (child == 0) {
    close(open("/dev/null", O_RDONLY));
    _exit(leak_in_child() >= 0 ? 7 : 8);
  }
  waitpid(child, &status, 0);
  if (!is_cold && close(copy) != 0) return 3;
  printf("done %d, copy %d, child %d\n", done, copy, WEXITSTATUS(status));
  return 4;
}
