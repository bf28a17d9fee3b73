// `writes HOW`: adds bytes to the file "f" of the working directory, and ends without closing it as one should. HOW is
//   stream        3000 bytes, in a stream that libc writes at exit
//   exit          5000, left open
//   killed        5000, by SIGKILL
//   cloexec       5000, closed by an exec
//   inherited     4 by itself, and 1000 by a child that goes on after it has closed, and does nothing else
//   closed_late   the same by a child that closes
//   outlived      1000 by a child that ends first, 4 by itself then, and closes
//   nameless      5000, to a file that never had a name; by SIGKILL
//   daemon        4, removes it, and lets a daemon go on that closes it
// Nothing takes longer than a moment.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[5000];

static void check(int fine, const char* what) {
  if (fine) return;
  perror(what);
  exit(1);
}

__attribute__((noinline)) static int opens_file(int flags) {
  const int fd = open("f", O_WRONLY | O_CREAT | O_APPEND | flags, 0600);
  check(fd >= 0, "open");
  return fd;
}

static void add(int fd, size_t size) { check(write(fd, bytes, size) == (ssize_t)size, "write"); }

// The child writes when this process has closed, and does nothing that anybody would tell of.
static void inherited(int closes) {
  int go[2];
  char byte;
  const int fd = opens_file(0);
  check(pipe(go) == 0, "pipe");
  add(fd, 4);
  const pid_t child = fork();
  if (child == 0) {
    check(read(go[0], &byte, 1) == 1, "read");
    add(fd, 1000);
    if (closes) close(fd);
    _exit(0);
  }
  close(fd);
  check(write(go[1], "g", 1) == 1 && waitpid(child, NULL, 0) == child, "child");
}

static void outlived(void) {
  const int fd = opens_file(0);
  const pid_t child = fork();
  if (child == 0) {
    add(fd, 1000);
    _exit(0);
  }
  check(waitpid(child, NULL, 0) == child, "child");
  add(fd, 4);
  close(fd);
}

static void become_daemon(void) {
  const int fd = opens_file(0);
  add(fd, 4);
  check(unlink("f") == 0 && daemon(1, 1) == 0, "daemon");
  close(fd);
}

int main(int count, char** arguments) {
  const char* const how = count == 2 ? arguments[1] : "";
  if (strcmp(how, "stream") == 0) {
    FILE* const stream = fopen("f", "w");
    check(stream != NULL && fwrite(bytes, 1, 3000, stream) == 3000, "fwrite");
  } else if (strcmp(how, "exit") == 0) {
    add(opens_file(0), 5000);
    _exit(0);
  } else if (strcmp(how, "killed") == 0) {
    add(opens_file(0), 5000);
    raise(SIGKILL);
  } else if (strcmp(how, "cloexec") == 0) {
    add(opens_file(O_CLOEXEC), 5000);
    execl("/bin/true", "true", NULL);
  } else if (strcmp(how, "nameless") == 0) {
    FILE* const stream = tmpfile();
    check(stream != NULL, "tmpfile");
    add(fileno(stream), 5000);
    raise(SIGKILL);
  } else if (strcmp(how, "inherited") == 0 || strcmp(how, "closed_late") == 0) {
    inherited(strcmp(how, "closed_late") == 0);
  } else if (strcmp(how, "outlived") == 0) {
    outlived();
  } else if (strcmp(how, "daemon") == 0) {
    become_daemon();
  } else {
    return 2;
  }
  return 0;
}
