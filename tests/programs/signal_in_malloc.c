// Its malloc is interrupted by a signal in each of eight new threads, and the handler opens and closes, as a handler
// may. Prints how often malloc was called within malloc: a real one would hang there, or be damaged.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

extern void* __libc_malloc(size_t size);

static _Thread_local int interrupt_next, inside;
static atomic_int within, handled;

void* malloc(size_t size) {
  if (inside) atomic_fetch_add(&within, 1);
  inside += 1;
  if (interrupt_next) {
    interrupt_next = 0;
    raise(SIGUSR1);
  }
  inside -= 1;
  return __libc_malloc(size);
}

static void on_signal(int unused) {
  (void)unused;
  int error = errno;
  atomic_fetch_add(&handled, close(open("/dev/null", O_RDONLY)) == 0);
  errno = error;
}

static void* work(void* unused) {
  interrupt_next = 1;
  void* volatile memory = malloc(10);
  (void)memory;
  return unused;
}

int main(void) {
  signal(SIGUSR1, on_signal);
  for (int i = 0; i < 8; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
  }
  printf("%d handled, malloc within malloc %d\n", handled, within);
  return 0;
}
