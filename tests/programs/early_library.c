// A library whose constructor opens and closes: it runs before that of the program (early_calls.c).
#include <fcntl.h>
#include <unistd.h>

static int leaked = -1;

__attribute__((noinline)) static int leak_in_library(void) { return open("/dev/full", O_WRONLY); }

__attribute__((constructor)) static void construct(void) {
  close(open("/dev/null", O_RDONLY));
  leaked = leak_in_library();
}

int leaked_by_library(void) { return leaked; }
