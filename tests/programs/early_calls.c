// Opens and closes before main, at every moment there is: while the loader relocates, before any constructor, in a
// constructor of its own and in one of a library that it needs (early_library.c).
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int resolved_with = -1, before_all = -1;

__attribute__((noinline)) static int leak_before_constructors(void) { return open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static int leak_in_constructor(void) { return open("/dev/zero", O_RDONLY); }
__attribute__((noinline)) static int leak_in_main(void) { return dup(0); }
int leaked_by_library(void);

static int answer(void) { return 42; }

// An IFUNC resolver runs while this program is being relocated.
static int (*choose(void))(void) {
  close(open("/dev/null", O_RDONLY));
  resolved_with = open("/dev/null", O_RDONLY);
  return answer;
}
int chosen(void) __attribute__((ifunc("choose")));

static void first(void) {
  close(open("/dev/null", O_RDONLY));
  before_all = leak_before_constructors();
}
__attribute__((section(".preinit_array"), used)) static void (*const at_first)(void) = first;

static int constructed = -1;
__attribute__((constructor)) static void construct(void) {
  close(open("/dev/null", O_RDONLY));
  constructed = leak_in_constructor();
}

int main(void) {
  int of_main = leak_in_main();
  printf("%d, numbers %d %d %d %d %d\n", chosen(), resolved_with, before_all, leaked_by_library(), constructed,
         of_main);
  close(resolved_with);
  return 5;
}
