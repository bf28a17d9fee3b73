// A library that opens in its destructor, after that of the program (late_calls.c).
#include <fcntl.h>
#include <unistd.h>

static int kept = -1;

__attribute__((noinline)) static void leak_in_library(void) { open("/dev/full", O_WRONLY); }

void use_library(void) { kept = open("/dev/null", O_RDONLY); }

__attribute__((destructor)) static void destruct(void) {
  close(kept);
  leak_in_library();
}
