// Opens while errno is EINTR, left over from some earlier call, from stacks of many depths.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

__attribute__((noinline)) static int open_from(int depth) {
  if (depth > 0) return open_from(depth - 1);
  errno = EINTR;
  int fd = open("/dev/null", O_RDONLY);
  return fd >= 0 && errno == EINTR && close(fd) == 0 ? 0 : 1;
}

int main(void) {
  for (int i = 0; i < 10; ++i) {
    if (open_from(i * 200) != 0) return 1;
  }
  return 0;
}
