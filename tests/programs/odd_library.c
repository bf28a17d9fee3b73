// See odd_loads.c.
#include <fcntl.h>
#include <unistd.h>

__attribute__((noinline)) static int leak_in_library(void) { return open("/dev/zero", O_RDONLY); }

int leak_one_of_two(void) {
  close(open("/dev/full", O_WRONLY));
  return leak_in_library();
}
