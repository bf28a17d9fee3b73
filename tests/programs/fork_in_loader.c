// Forks again and again while another thread sits in dl_iterate_phdr, holding the loader's lock; each child opens,
// leaks and exits. A child that waits for that lock hangs for ever.
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int inside, done;

static int sit(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)info, (void)size, (void)unused;
  inside = 1;
  while (!done) usleep(1000);
  return 1;
}

static void* loader_thread(void* unused) {
  dl_iterate_phdr(sit, NULL);
  return unused;
}

__attribute__((noinline)) static void leak_in_child(void) {
  open("/dev/null", O_RDONLY);
  __asm__ volatile("");
}

int main(int count, char** arguments) {
  (void)arguments;
  if (count == 1)
    close(open("/dev/null", O_RDONLY));  // an unwinder that has worked before; with an argument, a cold one
  pthread_t thread;
  pthread_create(&thread, NULL, loader_thread, NULL);
  while (!inside) usleep(1000);
  int good = 0;
  for (int i = 0; i < 5; ++i) {
    pid_t child = fork();
    if (child == 0) {
      leak_in_child();
      _exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    good += status == 0;
  }
  done = 1;
  pthread_join(thread, NULL);
  printf("%d children\n", good);
  return 0;
}
