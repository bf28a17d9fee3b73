// `pins DIRECTORY [kill]`: keeps seven files without a name and their 28 MiB to its end, by each of the ways in which
// that comes about, and does three things that look alike and keep nothing. Prints of each the bytes allocated, as the
// kernel has them. With "kill" it sleeps a second and a half then, and dies by SIGKILL.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMebibyte = 1 << 20 };

static void check(int fine, const char* what) {
  if (fine) return;
  perror(what);
  exit(1);
}

static void fill(int fd, int mebibytes) {
  static char block[kMebibyte];
  memset(block, 'x', sizeof block);
  for (int i = 0; i < mebibytes; ++i) check(write(fd, block, sizeof block) == sizeof block, "write");
}

static void tell(const char* name, int fd) {
  struct stat file;
  check(fstat(fd, &file) == 0, "fstat");
  printf("%s %lld\n", name, (long long)file.st_blocks * 512);
}

// One function for each file that opens it, and one that takes its name: what reports shall name.
#define OPENS(name, path, flags)                            \
  __attribute__((noinline)) static int opens_##name(void) { \
    int fd = open(path, flags, 0600);                       \
    __asm__ volatile("");                                   \
    check(fd >= 0, "open " path);                           \
    return fd;                                              \
  }
#define REMOVES(name, call)                                    \
  __attribute__((noinline)) static void removes_##name(void) { \
    int result = call;                                         \
    __asm__ volatile("");                                      \
    check(result == 0, #call);                                 \
  }

OPENS(descriptor, "descriptor", O_RDWR | O_CREAT)
REMOVES(descriptor, unlink("descriptor"))
OPENS(twice, "twice", O_RDWR | O_CREAT)
OPENS(again, "twice", O_RDWR)
REMOVES(twice, unlinkat(AT_FDCWD, "twice", 0))
OPENS(mapped, "mapped", O_RDWR | O_CREAT)
REMOVES(mapped, remove("mapped"))
OPENS(replaced, "replaced", O_RDWR | O_CREAT)
OPENS(successor, "successor", O_RDWR | O_CREAT)
REMOVES(replaced, rename("successor", "replaced"))
OPENS(nameless, ".", O_RDWR | O_TMPFILE)
REMOVES(stream, unlink("stream"))
OPENS(sparse, "sparse", O_RDWR | O_CREAT)
REMOVES(sparse, unlink("sparse"))
OPENS(linked, "linked", O_RDWR | O_CREAT)
REMOVES(one_link, unlink("linked"))
OPENS(closed, "closed", O_RDWR | O_CREAT)
REMOVES(closed, unlink("closed"))

__attribute__((noinline)) static FILE* opens_stream(void) {
  FILE* stream = fopen("stream", "w");
  __asm__ volatile("");
  check(stream != NULL, "fopen stream");
  return stream;
}

static void pin_by_descriptors(void) {
  int fd = opens_descriptor();
  fill(fd, 8);
  removes_descriptor();
  tell("descriptor", fd);

  fd = opens_twice();
  fill(fd, 4);
  opens_again();
  removes_twice();
  tell("twice", fd);
}

static void pin_by_mapping(void) {
  int fd = opens_mapped();
  fill(fd, 6);
  check(mmap(NULL, 6 * kMebibyte, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "mmap");
  tell("mapped", fd);
  close(fd);
  removes_mapped();
}

static void pin_by_rename(void) {
  int fd = opens_replaced();
  fill(fd, 5);
  int successor = opens_successor();
  removes_replaced();
  close(successor);
  tell("replaced", fd);
}

static void pin_what_never_had_a_name(void) {
  int fd = opens_nameless();
  fill(fd, 3);
  tell("nameless", fd);
}

static void pin_by_stdio(void) {
  static char content[2 * kMebibyte];
  memset(content, 'x', sizeof content);
  FILE* stream = opens_stream();
  check(fwrite(content, 1, sizeof content, stream) == sizeof content, "fwrite");
  removes_stream();
  tell("stream", fileno(stream));
}

static void pin_nothing_but_a_size(void) {
  int fd = opens_sparse();
  check(ftruncate(fd, 1 << 30) == 0, "ftruncate");
  removes_sparse();
  tell("sparse", fd);
}

static void pin_nothing(void) {
  int fd = opens_linked();
  fill(fd, 1);
  check(link("linked", "other_link") == 0, "link");
  removes_one_link();

  fd = opens_closed();
  fill(fd, 9);
  removes_closed();
  close(fd);
}

int main(int argc, char** argv) {
  check(argc >= 2 && chdir(argv[1]) == 0, "chdir");
  pin_by_descriptors();
  pin_by_mapping();
  pin_by_rename();
  pin_what_never_had_a_name();
  pin_by_stdio();
  pin_nothing_but_a_size();
  pin_nothing();
  fflush(stdout);
  if (argc > 2 && strcmp(argv[2], "kill") == 0) {
    usleep(1500 * 1000);
    kill(getpid(), SIGKILL);
  }
  return 0;
}
