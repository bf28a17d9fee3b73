// Opens and closes by io_uring, which no function of libc does: the kernel's own threads may do the work. Exits with
// 77 where there is no io_uring.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring = -1;
static struct io_uring_params params;
static unsigned char *submitted, *completed;
static struct io_uring_sqe* entries;

static _Atomic uint32_t* word(unsigned char* base, uint32_t offset) { return (_Atomic uint32_t*)(base + offset); }

// One request, waited for; its result.
static int submit(struct io_uring_sqe request) {
  uint32_t tail = *word(submitted, params.sq_off.tail), mask = *word(submitted, params.sq_off.ring_mask);
  entries[tail & mask] = request;
  *word(submitted, params.sq_off.array + 4 * (tail & mask)) = tail & mask;
  *word(submitted, params.sq_off.tail) = tail + 1;
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1) return -1000;
  uint32_t head = *word(completed, params.cq_off.head), cq_mask = *word(completed, params.cq_off.ring_mask);
  struct io_uring_cqe* answers = (struct io_uring_cqe*)(completed + params.cq_off.cqes);
  int result = answers[head & cq_mask].res;
  *word(completed, params.cq_off.head) = head + 1;
  return result;
}

static int uring_open(const char* path, int flags) {
  return submit((struct io_uring_sqe){
      .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)path, .open_flags = (uint32_t)flags});
}
static int uring_close(int fd) { return submit((struct io_uring_sqe){.opcode = IORING_OP_CLOSE, .fd = fd}); }

__attribute__((noinline)) static int make_ring(void) { return (int)syscall(SYS_io_uring_setup, 8, &params); }
__attribute__((noinline)) static int leak_by_libc(void) { return open("/dev/zero", O_RDONLY); }

int main(void) {
  alarm(30);
  ring = make_ring();
  if (ring < 0) return 77;
  size_t sq_bytes = params.sq_off.array + params.sq_entries * 4;
  size_t cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  submitted = mmap(NULL, sq_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  completed = mmap(NULL, cq_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
  entries = mmap(NULL, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
  if (submitted == MAP_FAILED || completed == MAP_FAILED || entries == MAP_FAILED) return 77;

  for (int i = 0; i < 20; ++i) {
    int fd = uring_open("/dev/null", O_RDONLY);
    if (fd < 0 || uring_close(fd) != 0) return 77;
  }
  int by_uring = uring_open("/dev/full", O_WRONLY);         // stays open
  int libc_then_uring = open("/dev/null", O_RDONLY);        // closed by the other
  int uring_then_libc = uring_open("/dev/null", O_RDONLY);  // and the other way round
  if (uring_close(libc_then_uring) != 0 || close(uring_then_libc) != 0) return 3;
  int by_libc = leak_by_libc();
  printf("%d %d %d %d\n", by_uring, libc_then_uring, uring_then_libc, by_libc);
  return 0;
}
