// One descriptor kept from the start, a load_config that forgets to close every second time, and three hundred tidy
// fopens. Prints what it did and ends with status 3.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) static int open_log(void) {
  int fd = open("/dev/null", O_WRONLY);
  __asm__ volatile("");
  return fd;
}

__attribute__((noinline)) static void load_config(int round) {
  int fd = open("/etc/passwd", O_RDONLY);
  if (round % 2 == 0) close(fd);
  __asm__ volatile("");
}

int main(void) {
  open_log();
  for (int i = 0; i < 100; ++i) load_config(i);
  for (int i = 0; i < 300; ++i) {
    FILE* file = fopen("/etc/group", "r");
    fclose(file);
  }
  puts("100 loads");
  return 3;
}
