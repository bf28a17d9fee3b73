// Opens from functions without unwind tables (this file is built without), below a frame of hand-made assembly whose
// caller, as its frame pointer has it, is garbage: no address, no memory, an endless chain, data, the middle of a
// function. Whoever takes a stack here can trust nothing in it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct frame {
  const void* next;
  uintptr_t return_address;
};

static int opened;

__attribute__((noinline)) static int leak_in_garbage(void) {
  int fd = open("/dev/null", O_RDONLY);
  opened += fd >= 0;
  return fd;
}
static int open_and_close(void) {
  int fd = open("/dev/null", O_RDONLY);
  opened += fd >= 0;
  return close(fd);
}

int call_below(int (*function)(void), const void* frame);
#if defined(__x86_64__)
__asm__(
    ".globl call_below\n"
    ".type call_below, @function\n"
    "call_below:\n"
    "  push %rbp\n"
    "  push %rbx\n"
    "  push %r12\n"
    "  mov %rsi, %rbp\n"
    "  call *%rdi\n"
    "  pop %r12\n"
    "  pop %rbx\n"
    "  pop %rbp\n"
    "  ret\n"
    ".size call_below, . - call_below\n");
#else
int call_below(int (*function)(void), const void* frame) {
  (void)frame;
  return function();
}
#endif

int main(void) {
  alarm(30);
  unsigned char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE) != 0) return 2;
  const uintptr_t returns[] = {0,
                               1,
                               4095,
                               UINTPTR_MAX,
                               UINTPTR_MAX / 2,
                               UINTPTR_MAX / 2 + 2,
                               (uintptr_t)page,
                               (uintptr_t)(page + 4096),
                               (uintptr_t)&opened,
                               (uintptr_t)printf + 1,
                               (uintptr_t)call_below + 4,
                               (uintptr_t)main};
  struct frame chained;
  const void* const nexts[] = {NULL, (void*)1, (void*)-1, (void*)-16, &chained, page, page + 4088, page + 4096, main};
  const int return_count = sizeof returns / sizeof *returns, next_count = sizeof nexts / sizeof *nexts;
  for (int r = 0; r < return_count; ++r) {
    for (int n = 0; n < next_count; ++n) {
      chained = (struct frame){nexts[n], returns[r]};
      memcpy(page, &chained, sizeof chained);
      memcpy(page + 4096 - sizeof chained, &chained, sizeof chained);
      call_below(open_and_close, &chained);
      call_below(open_and_close, page + 4096 - sizeof chained);
    }
  }
  for (int n = 0; n < next_count; ++n) call_below(open_and_close, nexts[n]);
  chained = (struct frame){(void*)3, 5};
  call_below(leak_in_garbage, &chained);
  printf("%d opened\n", opened);
  return 0;
}
