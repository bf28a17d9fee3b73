// Leaks 3 descriptors, then has a child that opens one and writes over all that it shares with fdtrace, as a stray
// pointer might. Waits for the child, and leaks 2 more. Prints whether the child found anything to write over.
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static void leak(int count) {
  for (int i = 0; i < count; ++i) (void)!open("/dev/null", O_RDONLY);
  __asm__ volatile("");
}

// Its own arena alone; the page that all processes share it leaves.
static int scribble(void) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[4096];
  int found = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    uintptr_t begin = 0, end = 0;
    if (strstr(line, "/memfd:fdtrace-arena") == NULL) continue;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end) != 2) continue;
    unsigned state = 7;
    for (uint32_t* word = (uint32_t*)begin; word < (uint32_t*)end; ++word) *word = state = state * 1664525 + 1013904223;
    ++found;
  }
  return found;
}

int main(void) {
  alarm(60);
  leak(3);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    leak(1);
    _exit(scribble());
  }
  int status = 0;
  waitpid(child, &status, 0);
  leak(2);
  printf("the child %s\n", WIFEXITED(status) && WEXITSTATUS(status) != 0 ? "scribbled" : "did nothing");
  return 0;
}
