// `fork_storm SECONDS LIBRARY…`: one thread forks without a pause, two open and close, one loads and unloads the
// libraries, and a signal handler that opens and closes interrupts them all a thousand times a second. Children open,
// close, leak, and exit or become /bin/true. Every process counts in memory that all share; prints the sums.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct Sums {
  atomic_long opened, leaked, children, failed, signals;
} Sums;

static Sums* sums;
static atomic_int done;
static char** libraries;

// Its errors are counted: the counts would not match what was opened.
static int open_counted(int flags) {
  int fd = open("/dev/null", O_RDONLY | flags);
  atomic_fetch_add(fd >= 0 ? &sums->opened : &sums->failed, 1);
  return fd;
}

static void on_profile(int unused) {
  (void)unused;
  int error = errno;
  close(open_counted(0));
  atomic_fetch_add(&sums->signals, 1);
  errno = error;
}

static void start_profile(long microseconds) {
  const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_PROF, &timer, NULL);
}

static void* open_and_close(void* unused) {
  while (!done) {
    int held[10];
    for (int i = 0; i < 10; ++i) held[i] = open_counted(i % 2 ? O_CLOEXEC : 0);
    for (int i = 0; i < 10; ++i) close(held[i]);
  }
  open_counted(0);
  atomic_fetch_add(&sums->leaked, 1);
  return unused;
}

// With a pause: ThreadSanitizer's memory grows with each load, until its fork finds none.
static void* load_and_unload(void* unused) {
  while (!done) {
    for (char** library = libraries; *library != NULL; ++library) {
      usleep(2000);
      void* handle = dlopen(*library, RTLD_NOW);
      if (handle == NULL || dlclose(handle) != 0) atomic_fetch_add(&sums->failed, 1);
    }
  }
  return unused;
}

static void be_child(unsigned number) {
  int first = open_counted(O_CLOEXEC);
  int second = open_counted(0);
  if (number % 2 == 0) close(first);
  if (number % 4 < 2) close(second);
  const int first_leaks = number % 2 != 0, second_leaks = number % 4 >= 2;
  if (number % 8 == 7) {
    atomic_fetch_add(&sums->leaked, second_leaks);  // its first is closed by exec
    execl("/bin/true", "true", NULL);
    atomic_fetch_add(&sums->failed, 1);
  } else {
    atomic_fetch_add(&sums->leaked, first_leaks + second_leaks);
  }
  _exit(0);
}

static void fork_until(time_t end) {
  for (unsigned number = 0; time(NULL) < end; ++number) {
    pid_t child = fork();
    if (child == 0) be_child(number);
    int status = 1;
    pid_t waited;
    while ((waited = waitpid(child, &status, 0)) < 0 && errno == EINTR) continue;
    atomic_fetch_add(waited == child && status == 0 ? &sums->children : &sums->failed, 1);
  }
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  int seconds = atoi(arguments[1]);
  alarm(seconds + 60);
  libraries = arguments + 2;
  sums = mmap(NULL, sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {.sa_handler = on_profile, .sa_flags = SA_RESTART};
  sigaction(SIGPROF, &action, NULL);

  pthread_t threads[3];
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, open_and_close, NULL);
  pthread_create(&threads[2], NULL, load_and_unload, NULL);
  start_profile(1000);
  fork_until(time(NULL) + seconds);
  done = 1;
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  start_profile(0);

  printf("opened %ld leaked %ld children %ld failed %ld signals %ld\n", sums->opened, sums->leaked, sums->children,
         sums->failed, sums->signals);
  return sums->failed != 0;
}
