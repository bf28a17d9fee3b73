// Makes calls that fail, and prints each one's result and errno; `failing_calls ACTION DIRECTORY`. What it prints is
// the same whether it is traced or not. Exit status 0 if it came to its end.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static const char* directory;
static char text[9000];  // what is told, written at the end: a call of stdio between two others would be one more
static size_t length;

#define TELL(call)                                                                                           \
  do {                                                                                                       \
    errno = 0;                                                                                               \
    const long result = (long)(call);                                                                        \
    length += snprintf(text + length, sizeof text - length, "%s: %ld %s\n", #call, result, strerror(errno)); \
  } while (0)

static void limit_descriptors(rlim_t soft) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = soft;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int listening(void) {
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t size = sizeof(sa_family_t);
  bind(listener, (struct sockaddr*)&address, size);
  listen(listener, 9);
  size = sizeof address;
  getsockname(listener, (struct sockaddr*)&address, &size);
  connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&address, size);
  return listener;
}

// Every call that makes a descriptor, with none free.
static void no_descriptors(void) {
  char pattern[] = "temporary-XXXXXX";
  int pair[2];
  sigset_t signals;
  sigemptyset(&signals);
  const int listener = listening();
  FILE* const stream = fopen("/dev/null", "r");
  limit_descriptors(dup(0));
  TELL(open("/dev/null", O_RDONLY));
  TELL(openat(AT_FDCWD, "/dev/null", O_RDONLY));
  TELL(creat("made", 0600));
  TELL(mkstemp(pattern));
  TELL(memfd_create("memory", 0));
  TELL(shm_open("/failing-calls", O_RDWR | O_CREAT, 0600));
  TELL(socket(AF_UNIX, SOCK_STREAM, 0));
  TELL(accept(listener, NULL, NULL));
  TELL(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
  TELL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  TELL(pipe(pair));
  TELL(pipe2(pair, O_CLOEXEC));
  TELL(epoll_create1(0));
  TELL(eventfd(0, 0));
  TELL(timerfd_create(CLOCK_MONOTONIC, 0));
  TELL(signalfd(-1, &signals, 0));
  TELL(inotify_init());
  TELL(mq_open("/failing-calls", O_RDWR | O_CREAT, 0600, NULL));
  TELL(fopen("/dev/null", "r"));
  TELL(tmpfile());
  TELL(popen("true", "r"));
  TELL(opendir("/"));
  TELL(dup(0));
  TELL(fcntl(0, F_DUPFD, 0));
  TELL(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
  TELL(syscall(SYS_pipe2, pair, 0));
  TELL(syscall(SYS_dup, 0));
  TELL(freopen("/dev/zero", "r", stream));
}

// Closing what is closed.
static void closed_twice(void) {
  const int fd = open("/dev/null", O_RDONLY);
  FILE* const stream = fopen("/dev/null", "r");
  DIR* const listing = opendir("/");
  close(fd);
  close(fileno(stream));
  close(dirfd(listing));
  TELL(close(fd));
  TELL(fclose(stream));
  TELL(closedir(listing));
  TELL(syscall(SYS_close, fd));
  TELL(dup(fd));
  TELL(dup2(fd, 0));
  TELL(close(-1));
  TELL(fcntl(-1, F_DUPFD, 0));
  TELL(dup2(0, 1 << 30));
}

// As daemons do, up and down.
static void sweeps(void) {
  for (int fd = 3; fd < 5000; ++fd) close(fd);
  const int between = dup2(0, 900);
  for (int fd = 999; fd > 2; --fd) syscall(SYS_close, fd);
  TELL(between);
}

static const struct {
  const char* name;
  void (*run)(void);
} actions[] = {{"no_descriptors", no_descriptors}, {"closed_twice", closed_twice}, {"sweeps", sweeps}};

int main(int count, char** words) {
  if (count != 3 || chdir(words[2]) != 0) return 2;
  directory = words[2];
  for (size_t i = 0; i < sizeof actions / sizeof *actions; ++i) {
    if (strcmp(actions[i].name, words[1]) != 0) continue;
    actions[i].run();
    return syscall(SYS_write, 1, text, length) != (long)length;
  }
  return 2;
}
