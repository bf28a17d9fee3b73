// `runs_out WHAT [DIRECTORY]`: goes on until WHAT it needs is refused, then tries five more times. What it has it keeps
// to its end. Exit status 0 if it was refused by the error that belongs to that.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int listener = -1;
static int instance = -1;

// Each a function of its own, for reports to name; 0 or more, or -1.
#define TAKES(name, body)                                   \
  __attribute__((noinline)) static int takes_##name(void) { \
    int result = body;                                      \
    __asm__ volatile("");                                   \
    return result;                                          \
  }

static int two[2];
TAKES(open, open("/dev/null", O_RDONLY))
TAKES(socket, socket(AF_UNIX, SOCK_STREAM, 0))
TAKES(accept, accept(listener, NULL, NULL))
TAKES(pipe, pipe(two))
TAKES(dup, dup(0))
TAKES(fopen, fopen("/dev/null", "r") == NULL ? -1 : 0)
TAKES(popen, popen("true", "r") == NULL ? -1 : 0)
TAKES(epoll_create1, epoll_create1(0))
TAKES(opendir, opendir("/") == NULL ? -1 : 0)
TAKES(number, fcntl(0, F_DUPFD, 60))
TAKES(inotify_init1, inotify_init1(0))

static void limit_descriptors(rlim_t soft) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = soft;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A child that connects until it is killed.
static pid_t connects(void) {
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t size = sizeof(sa_family_t);
  bind(listener, (struct sockaddr*)&address, size);
  listen(listener, 128);
  size = sizeof address;
  getsockname(listener, (struct sockaddr*)&address, &size);
  pid_t child = fork();
  if (child != 0) return child;
  close(listener);
  for (int i = 0; i < 100; ++i) connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&address, size);
  sleep(60);
  _exit(0);
}

// From one line, so that all calls come from one place.
static int until_refused(int (*take)(void), int error) {
  int refused = 0;
  for (int i = 0; i < 100000 && refused < 6; ++i) {
    if (take() >= 0) continue;
    if (errno != error) return 1;
    ++refused;
  }
  return refused == 6 ? 0 : 1;
}

static char block[256 << 10];

// A file without a name and a quarter of a mebibyte in it.
__attribute__((noinline)) static int spools(void) {
  int fd = open("spool", O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return -1;
  unlink("spool");
  int result = write(fd, block, sizeof block) < 0 ? -1 : 0;
  __asm__ volatile("");
  return result;
}

__attribute__((noinline)) static int makes_file(void) {
  static int number;
  char name[32];
  snprintf(name, sizeof name, "file%d", number++);
  int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd >= 0) close(fd);
  return fd;
}

static int log_fd = -1;
__attribute__((noinline)) static int opens_log(void) { return log_fd = open("log", O_WRONLY | O_CREAT, 0600); }
__attribute__((noinline)) static int writes_log(void) {
  int result = write(log_fd, block, sizeof block) < 0 ? -1 : 0;
  __asm__ volatile("");
  return result;
}

static int watches(void) {
  static int number;
  char name[32];
  snprintf(name, sizeof name, "watched%d", number++);
  mkdir(name, 0700);
  return inotify_add_watch(instance, name, IN_CREATE);
}

int main(int argc, char** argv) {
  static const struct {
    const char* name;
    int (*take)(void);
  } kTakes[] = {{"open", takes_open},    {"socket", takes_socket},   {"accept", takes_accept},
                {"pipe", takes_pipe},    {"dup", takes_dup},         {"fopen", takes_fopen},
                {"popen", takes_popen},  {"opendir", takes_opendir}, {"epoll_create1", takes_epoll_create1},
                {"number", takes_number}};
  const char* what = argc > 1 ? argv[1] : "";
  if (argc > 2 && chdir(argv[2]) != 0) return 2;
  memset(block, 'x', sizeof block);
  if (strcmp(what, "spool") == 0) return until_refused(spools, ENOSPC);
  if (strcmp(what, "files") == 0) return until_refused(makes_file, ENOSPC);
  if (strcmp(what, "instances") == 0) return until_refused(takes_inotify_init1, EMFILE);
  if (strcmp(what, "watches") == 0) {
    instance = takes_inotify_init1();
    return until_refused(watches, ENOSPC);
  }
  if (strcmp(what, "log") == 0 || strcmp(what, "nobodys_log") == 0) {
    const int nobody = 65534;
    if (strcmp(what, "log") != 0 && (setgroups(0, NULL) != 0 || setgid(nobody) != 0 || setuid(nobody) != 0)) return 3;
    return opens_log() < 0 ? 4 : until_refused(writes_log, ENOSPC);
  }
  for (size_t i = 0; i < sizeof kTakes / sizeof *kTakes; ++i) {
    if (strcmp(what, kTakes[i].name) != 0) continue;
    pid_t child = strcmp(what, "accept") == 0 ? connects() : 0;
    limit_descriptors(64);
    int status = until_refused(kTakes[i].take, EMFILE);
    if (child > 0) {
      kill(child, SIGKILL);
      waitpid(child, NULL, 0);
    }
    return status;
  }
  return 2;
}
