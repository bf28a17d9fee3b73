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
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
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

__attribute__((noinline)) static void opens(int count) {
  while (count-- > 0) open("/dev/null", O_RDONLY);
}

// With sets that are large enough, as a program does that knows what it does, so that nothing is overwritten.
__attribute__((noinline)) static int selects(int fd) {
  static fd_set sets[4];
  memset(sets, 0, sizeof sets);
  ((unsigned long*)sets)[fd / NFDBITS] |= 1UL << fd % NFDBITS;
  int result = select(fd + 1, sets, NULL, NULL, NULL);
  __asm__ volatile("");
  return result;
}

// FD_SET as a program has it that is built with -D_FORTIFY_SOURCE; libc ends it.
extern long __fdelt_chk(long fd);
__attribute__((noinline)) static void sets(int fd) {
  __fdelt_chk(fd);
  __asm__ volatile("");
}

// Through a mapping; ends by SIGBUS. The file is shortened first where FULL does not hold.
__attribute__((noinline)) static void maps(int full) {
  const size_t bytes = 8 << 20;
  int fd = open("mapped", O_RDWR | O_CREAT, 0600);
  if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) _exit(5);
  char* data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (!full && truncate("mapped", 0) != 0) _exit(6);
  memset(data, 1, bytes);
}

// What a program is told of its handler for SIGBUS is what it set.
static void on_bus(int signal) { _exit(signal == SIGBUS ? 0 : 1); }
static int handles_bus(void) {
  struct sigaction before;
  int fd = open("mapped", O_RDWR | O_CREAT, 0600);
  mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (sigaction(SIGBUS, NULL, &before) != 0 || before.sa_handler != SIG_DFL || before.sa_flags != 0) return 7;
  if (signal(SIGBUS, on_bus) != SIG_DFL) return 8;
  mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (sigaction(SIGBUS, NULL, &before) != 0 || before.sa_handler != on_bus) return 9;
  maps(1);
  return 10;
}

// Lacks a number for the descriptors of leaks_first, then, once these are closed, for those of leaks_later.
__attribute__((noinline)) static int leaks_first(void) { return takes_open(); }
__attribute__((noinline)) static int leaks_later(void) { return takes_open(); }
__attribute__((noinline)) static int lacks(void) { return socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EMFILE; }
static int lacks_twice(void) {
  limit_descriptors(64);
  int lacked = 0;
  for (volatile int time = 0; time < 2; ++time) {  // not unrolled, so that both have the same stack
    while ((time == 0 ? leaks_first() : leaks_later()) >= 0) continue;
    lacked += lacks();
    for (int fd = 3; time == 0 && fd < 64; ++fd) close(fd);
    if (time == 0) usleep(200 * 1000);  // looked at again after a tenth of a second
  }
  return lacked == 2 ? 0 : 1;
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
  if (strcmp(what, "map") == 0) maps(1);
  if (strcmp(what, "map_cut") == 0) maps(0);
  if (strcmp(what, "map_handled") == 0) return handles_bus();
  if (strcmp(what, "map_killed") == 0) {
    int fd = open("mapped", O_RDWR | O_CREAT, 0600);
    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    kill(getpid(), SIGBUS);
    pause();
  }
  if (strcmp(what, "twice") == 0) return lacks_twice();
  if (strcmp(what, "select") == 0 || strcmp(what, "select_few") == 0 || strcmp(what, "set") == 0) {
    limit_descriptors(2048);
    opens(strcmp(what, "select_few") == 0 ? 10 : 1030);
    if (strcmp(what, "set") == 0) sets(1030);
    return selects(strcmp(what, "select_few") == 0 ? 5 : 1030) == 1 ? 0 : 1;
  }
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
