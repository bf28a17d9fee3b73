// Opens a file from code that has no unwind tables, as a JIT makes it, while its own two data files have the numbers
// that a pipe made behind its back would have. Prints the offsets and contents of both at the end.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int open_null(void) {
  errno = EINTR;  // as a call leaves it that a signal interrupted
  return open("/dev/null", O_RDONLY);
}

// A function that calls its argument, with no frame pointer and an odd stack size, so that only its tables could tell.
static int through_jit(int (*function)(void)) {
  unsigned char* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#if defined(__x86_64__)
  static const unsigned char kCall[] = {0x48, 0x83, 0xec, 0x48, 0x31, 0xed, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x48, 0xc3};
  // sub $0x48,%rsp; xor %ebp,%ebp; call *%rdi; add $0x48,%rsp; ret: rbp is lost, as in code that uses it for itself
  memcpy(code, kCall, sizeof kCall);
  mprotect(code, 4096, PROT_READ | PROT_EXEC);
  int result;
  __asm__ volatile(
      "mov %%rbp, %%r12\n\tmov %%rsp, %%rbx\n\tsub $256, %%rsp\n\tand $-16, %%rsp\n\tmov %1, %%rdi\n\t"
      "call *%2\n\tmov %%rbx, %%rsp\n\tmov %%r12, %%rbp"
      : "=a"(result)
      : "r"(function), "r"(code)
      : "rbx", "r12", "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
  return result;
#else
  (void)code;
  return function();
#endif
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  close(open("/dev/null", O_RDONLY));  // whatever a tracer opens for itself at its first stack is open by now
  closefrom(3);
  int first = open(arguments[1], O_RDWR);
  int second = open(arguments[2], O_RDWR);
  for (int i = 0; i < 200; ++i) close(through_jit(open_null));
  char text[64] = "";
  pread(second, text, 20, 0);
  printf("%d %d offsets %ld %ld second %s\n", first, second, (long)lseek(first, 0, SEEK_CUR),
         (long)lseek(second, 0, SEEK_CUR), text);
  return 0;
}
