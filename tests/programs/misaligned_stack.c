// Works on a stack of its own that is not aligned to 16 bytes, as the calling convention of x86-64 asks: libc's
// functions bear that, and what is called in their place has to. Other processors do not allow it: there it is an
// ordinary stack.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[1 << 18] __attribute__((aligned(16)));

static void call_misaligned(void (*function)(void)) {
#ifdef __x86_64__
  // A function expects 8 bytes, the return address, above an aligned stack.
  char* top = stack + sizeof stack - 8;
  __asm__ volatile(
      "mov %%rsp, %%rbx\n\t"
      "mov %0, %%rsp\n\t"
      "call *%1\n\t"
      "mov %%rbx, %%rsp"
      :
      : "r"(top), "r"(function)
      : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
#else
  function();
#endif
}

static const char* path;

static void leak_misaligned(void) {
  for (int i = 0; i < 3; ++i) (void)!open("/dev/null", O_RDONLY);
}

static void work(void) {
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), copy = dup(file), pair[2], ends[2];
  int good = write(copy, "12345", 5) == 5;
  good += socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
  good += pipe2(ends, O_CLOEXEC) == 0;
  good += unlink(path) == 0;
  pid_t child = fork();
  if (child == 0) {
    leak_misaligned();
    _exit(7);
  }
  int status = 0;
  good += waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7;
  child = vfork();
  if (child == 0) _exit(8);
  good += waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 8;
  const int all[] = {file, copy, pair[0], pair[1], ends[0], ends[1]};
  for (unsigned i = 0; i < sizeof all / sizeof *all; ++i) good += close(all[i]) == 0;
  char text[] = "12 of 12 good\n";
  text[0] = (char)('0' + good / 10);
  text[1] = (char)('0' + good % 10);
  (void)!write(1, text, sizeof text - 1);
}

static void leave(void) { exit(5); }

int main(int count, char** arguments) {
  if (count != 2) return 2;
  path = arguments[1];
  call_misaligned(leak_misaligned);
  call_misaligned(work);
  call_misaligned(leave);
}
