// `pin HOW [NAME]`: keeps a mebibyte without a name to its end. HOW is
//   unlink   a file that it unlinks itself
//   wait     one that somebody else unlinks: it waits for that, and half a second more
//   stay     one that it unlinks, and stays for twenty seconds
//   map      one that it unlinks, and has mapped alone
//   memfd    memory of that name
//   shm      shared memory of that name
//   relay    a file that it opens, a child unlinks, and another child holds after an exec
//   deep     a file in directories deeper than PATH_MAX, below the directory NAME
//   held     what it received as descriptor 3: the end of "relay"
// Nothing takes longer than twenty seconds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMebibyte = 1 << 20 };

static void check(int fine, const char* what) {
  if (fine) return;
  perror(what);
  exit(1);
}

static void fill(int fd) {
  static char block[kMebibyte];
  memset(block, 'x', sizeof block);
  check(write(fd, block, sizeof block) == sizeof block, "write");
}

__attribute__((noinline)) static int opens_file(const char* path) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  __asm__ volatile("");
  check(fd >= 0, "open");
  fill(fd);
  return fd;
}

__attribute__((noinline)) static void removes_file(const char* path) {
  int result = unlink(path);
  __asm__ volatile("");
  check(result == 0, "unlink");
}

__attribute__((noinline)) static void opens_memfd(const char* name) {
  int fd = memfd_create(name, MFD_CLOEXEC);
  __asm__ volatile("");
  check(fd >= 0, "memfd_create");
  fill(fd);
}

__attribute__((noinline)) static void opens_shm(const char* name) {
  int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  __asm__ volatile("");
  check(fd >= 0, "shm_open");
  fill(fd);
}

__attribute__((noinline)) static void removes_shm(const char* name) {
  int result = shm_unlink(name);
  __asm__ volatile("");
  check(result == 0, "shm_unlink");
}

static void await_unlink(int fd) {
  struct stat file;
  do {
    usleep(1000);
    check(fstat(fd, &file) == 0, "fstat");
  } while (file.st_nlink > 0);
  usleep(500 * 1000);
}

static void map_alone(int fd) {
  check(mmap(NULL, kMebibyte, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "mmap");
  close(fd);
}

static void relay(const char* path, char* self) {
  int fd = opens_file(path);
  check(dup2(fd, 3) == 3, "dup2");
  int status;
  pid_t remover = fork();
  if (remover == 0) {
    removes_file(path);
    _exit(0);
  }
  check(waitpid(remover, &status, 0) == remover && status == 0, "the remover");
  pid_t holder = fork();
  if (holder == 0) {
    execl(self, self, "held", NULL);
    _exit(127);
  }
  close(3);
  if (fd != 3) close(fd);
  check(waitpid(holder, &status, 0) == holder && status == 0, "the holder");
}

static void go_deep(const char* directory) {
  static char name[201];
  memset(name, 'd', sizeof name - 1);
  check(chdir(directory) == 0, "chdir");
  for (int i = 0; i < 30; ++i) check(mkdir(name, 0700) == 0 && chdir(name) == 0, "mkdir");
}

int main(int argc, char** argv) {
  alarm(20);
  check(argc >= 2, "usage: pin HOW NAME");
  const char* how = argv[1];
  const char* name = argc > 2 ? argv[2] : "";
  if (strcmp(how, "unlink") == 0) {
    opens_file(name);
    removes_file(name);
  } else if (strcmp(how, "wait") == 0) {
    await_unlink(opens_file(name));
  } else if (strcmp(how, "stay") == 0) {
    opens_file(name);
    removes_file(name);
    sleep(20);
  } else if (strcmp(how, "map") == 0) {
    map_alone(opens_file(name));
    removes_file(name);
  } else if (strcmp(how, "memfd") == 0) {
    opens_memfd(name);
  } else if (strcmp(how, "shm") == 0) {
    opens_shm(name);
    removes_shm(name);
  } else if (strcmp(how, "relay") == 0) {
    relay(name, argv[0]);
  } else if (strcmp(how, "deep") == 0) {
    go_deep(name);
    opens_file("bottom");
    removes_file("bottom");
  } else if (strcmp(how, "held") == 0) {
    check(fcntl(3, F_GETFD) == 0, "descriptor 3");
  }
  return 0;
}
