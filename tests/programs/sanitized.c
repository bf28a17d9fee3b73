// Opens in the main thread and in another, and prints the numbers; built with a sanitizer's runtime before every other
// library.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void* work(void* unused) {
  int fd = open("/dev/null", O_RDONLY);
  printf("thread %d\n", fd);
  close(fd);
  return unused;
}

int main(void) {
  printf("main %d\n", open("/dev/null", O_RDONLY));
  for (int i = 0; i < 3; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
  }
  FILE* file = fopen("/etc/passwd", "r");
  return file == NULL || fclose(file) != 0;
}
