// Forks twenty times with handlers of pthread_atfork that open and close.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void open_and_close(void) { close(open("/dev/null", O_RDONLY)); }

int main(void) {
  pthread_atfork(open_and_close, open_and_close, open_and_close);
  int good = 0;
  for (int i = 0; i < 20; ++i) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    int status = 1;
    good += waitpid(child, &status, 0) == child && status == 0;
  }
  printf("%d forks\n", good);
  return 0;
}
