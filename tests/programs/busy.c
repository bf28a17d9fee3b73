// `busy PAIRS [FILE]`: opens and closes so many times, as fast as it can, and prints the count; with FILE, waits until
// that exists before the second half, and writes "done" behind it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) static void pair(void) {
  close(open("/dev/null", O_RDONLY));
  __asm__ volatile("");
}

int main(int count, char** arguments) {
  int pairs = atoi(arguments[1]);
  for (int i = 0; i < pairs / 2; ++i) pair();
  for (int i = 0; count > 2 && access(arguments[2], F_OK) != 0 && i < 20000; ++i) usleep(1000);
  for (int i = pairs / 2; i < pairs; ++i) pair();
  printf("%d pairs\n", pairs);
  if (count > 2) {
    FILE* file = fopen(arguments[2], "w");
    fputs("done", file);
    fclose(file);
  }
  return 0;
}
