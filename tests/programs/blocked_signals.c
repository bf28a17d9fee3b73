// Every signal is blocked, in the program, its threads and its children, from before the first call to the end: nothing
// that a tracer does may need one. Each of them opens two and closes one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static void leak(void) { open("/dev/null", O_RDONLY); }

static void* work(void* unused) {
  close(open("/dev/null", O_RDONLY));
  leak();
  return unused;
}

int main(void) {
  alarm(30);
  sigset_t all, pending;
  sigfillset(&all);
  sigdelset(&all, SIGALRM);
  sigprocmask(SIG_SETMASK, &all, NULL);
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  int status = 1;
  pid_t child = fork();
  if (child == 0) {
    work(NULL);
    _exit(0);
  }
  waitpid(child, &status, 0);
  work(NULL);
  sigpending(&pending);
  printf("child %d, SIGCHLD %s, SIGPIPE %s\n", status, sigismember(&pending, SIGCHLD) ? "waits" : "does not wait",
         sigismember(&pending, SIGPIPE) ? "waits" : "does not wait");
  return 0;
}
