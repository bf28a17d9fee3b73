// Makes calls that fail, and prints each one's result and errno; `failing_calls ACTION DIRECTORY`. What it prints is
// the same whether it is traced or not. Exit status 0 if it came to its end.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wuse-after-free"  // it does so on purpose

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

// Using what is closed: of every function that tells of it.
static void uses_closed(void) {
  char byte = 'x';
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  struct mmsghdr messages = {.msg_hdr = message};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const struct sockaddr* const to = (const struct sockaddr*)&address;
  struct epoll_event event = {.events = EPOLLIN};
  const int epoll = epoll_create1(0);
  const int directory_fd = open(".", O_RDONLY | O_DIRECTORY);
  const int fd = open("used", O_RDWR | O_CREAT, 0600);
  FILE* const stream = fopen("stream", "w");
  fputs("x", stream);
  close(fileno(stream));
  close(directory_fd);
  close(fd);
  TELL(read(fd, &byte, 1));
  TELL(pread(fd, &byte, 1, 0));
  TELL(readv(fd, &part, 1));
  TELL(write(fd, &byte, 1));
  TELL(pwrite(fd, &byte, 1, 0));
  TELL(writev(fd, &part, 1));
  TELL(lseek(fd, 0, SEEK_SET));
  TELL(ftruncate(fd, 0));
  TELL(posix_fallocate(fd, 0, 1));
  TELL(fsync(fd));
  TELL(fdopen(fd, "r"));
  TELL(fcntl(fd, F_SETFL, 0));
  TELL(fcntl(fd, F_GETFD));
  TELL(fcntl(fd, F_GETFL));
  TELL(send(fd, &byte, 1, 0));
  TELL(recv(fd, &byte, 1, 0));
  TELL(sendmsg(fd, &message, 0));
  TELL(recvmsg(fd, &message, 0));
  TELL(sendmmsg(fd, &messages, 1, 0));
  TELL(recvmmsg(fd, &messages, 1, 0, NULL));
  TELL(connect(fd, to, sizeof address));
  TELL(bind(fd, to, sizeof address));
  TELL(listen(fd, 1));
  TELL(accept(fd, NULL, NULL));
  TELL(shutdown(fd, SHUT_RD));
  TELL(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
  TELL(sendfile(0, fd, NULL, 1));
  TELL(fflush(stream));
  TELL(fchdir(fd));
  TELL(openat(directory_fd, "used", O_RDONLY));
  TELL(mkdirat(directory_fd, "made", 0700));
  TELL(unlinkat(directory_fd, "used", 0));
  TELL(renameat(directory_fd, "used", AT_FDCWD, "renamed"));
  TELL(syscall(SYS_write, fd, &byte, 1));
  TELL(openat(directory_fd, "/dev/null", O_PATH) >= 0);
}

// What is open, but not for this, and what never was a descriptor.
static void misuses(void) {
  char byte = 'x';
  const int only_read = open("/dev/null", O_RDONLY), only_written = open("/dev/null", O_WRONLY);
  TELL(write(only_read, &byte, 1));
  TELL(read(only_written, &byte, 1));
  TELL(ftruncate(only_read, 1));
  TELL(read(-1, &byte, 1));
  TELL(write(-1, &byte, 1));
  TELL(lseek(-1, 0, SEEK_SET));
  TELL(accept(-1, NULL, NULL));
  TELL(openat(-1, "x", O_RDONLY));
  TELL(open("/nowhere/at/all", O_RDONLY));
  TELL(write(0, (void*)1, 0));
}

static int put(const char* path, const char* words) {
  const int fd = open(path, O_WRONLY);
  const int good = write(fd, words, strlen(words)) > 0;
  close(fd);
  return good;
}

// A file system of 64 KiB and 12 files in the directory, in a namespace of our own. 0: the machine does not let us.
static int enter_small_filesystem(void) {
  char map[40];
  sprintf(map, "0 %d 1", (int)getuid());
  if (unshare(CLONE_NEWNS) != 0 && (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !put("/proc/self/uid_map", map)))
    return 0;
  char here[4096];
  return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount("none", getcwd(here, sizeof here), "tmpfs", 0, "size=64k,nr_inodes=12") == 0 && chdir(here) == 0;
}

// With the file system of the directory full.
static void no_space(void) {
  if (!enter_small_filesystem()) {
    length += sprintf(text, "no file system: %s\n", strerror(errno));
    return;
  }
  static char block[4096];
  const int fd = open("full", O_RDWR | O_CREAT, 0600);
  const int half = open("half", O_RDWR | O_CREAT, 0600);
  const int source = open("/proc/self/exe", O_RDONLY);
  struct iovec part = {block, sizeof block};
  FILE* const written = fopen("half", "r+");
  FILE* const flushed = fopen("half", "r+");
  FILE* const closed = fopen("half", "r+");
  mkdir("directory", 0700);
  while (syscall(SYS_write, fd, block, sizeof block) > 0) continue;
  for (int i = 0; i < 1000; ++i) {  // and no inode free
    char name[16];
    sprintf(name, "file-%d", i);
    if (syscall(SYS_mknod, name, S_IFREG | 0600, 0) != 0) break;
  }
  length = 0;
  TELL(write(fd, block, sizeof block));
  TELL(pwrite(fd, block, sizeof block, 1 << 30));
  TELL(writev(fd, &part, 1));
  TELL(pwritev(fd, &part, 1, 1 << 30));
  TELL(fallocate(half, 0, 0, 1 << 20));
  TELL(posix_fallocate(half, 0, 1 << 20));
  TELL(sendfile(half, source, NULL, 4096));
  TELL(fwrite(block, 1, sizeof block, written));
  fputs("x", flushed);
  TELL(fflush(flushed));
  fputs("x", closed);
  TELL(fclose(closed));
  TELL(open("directory/made", O_RDWR | O_CREAT, 0600));
  TELL(creat("made", 0600));
  TELL(fopen("made", "w"));
  TELL(mkdir("made", 0700));
  TELL(mknod("made", S_IFREG | 0600, 0));
  TELL(mkdirat(AT_FDCWD, "made", 0700));
  TELL(symlink("x", "made"));
  TELL(syscall(SYS_mkdir, "made", 0700));
  TELL(syscall(SYS_write, fd, block, sizeof block));
}

// Of which libc frees the first; another may be made in its place. The second close may end the process: in a child.
static void closes_a_stream_twice(void) {
  FILE* const stream = fopen("/dev/null", "r");
  fclose(stream);
  FILE* const again = fopen("/dev/null", "r");
  TELL(again == stream);
  TELL(fclose(again));
  free(malloc(9000));
  const pid_t child = fork();
  if (child == 0) {
    fclose(again);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  FILE* const memory = fmemopen(text, 9, "r");
  TELL(memory != NULL);
  TELL(fclose(memory));
}

// As daemons do, up and down.
static void sweeps(void) {
  for (int fd = 3; fd < 5000; ++fd) close(fd);
  const int between = dup2(0, 900);
  for (int fd = 999; fd > 2; --fd) syscall(SYS_close, fd);
  TELL(between);
}

// What a program may count on where numbers are reused late, and that a closed one stays closed.
static void late(void) {
  char byte = 'x';
  int pair[2];
  struct flock lock = {.l_type = F_WRLCK};
  const int first = open("/dev/null", O_RDWR | O_CLOEXEC);
  close(first);
  for (int i = 0; i < 100; ++i) close(open("/dev/null", O_RDONLY));
  const int second = open("/dev/null", O_RDWR);
  TELL(write(first, &byte, 1));
  TELL(first < 1024 && second < 1024);
  TELL(write(second, &byte, 1));
  TELL(fcntl(second, F_GETFD));
  TELL(fcntl(open("/dev/null", O_RDONLY | O_CLOEXEC), F_GETFD));
  TELL(pipe(pair) == 0 && write(pair[1], &byte, 1) == 1 && read(pair[0], &byte, 1) == 1);
  TELL(syscall(SYS_pipe2, pair, O_CLOEXEC) == 0 && fcntl(pair[1], F_GETFD) == FD_CLOEXEC);
  close(0);
  TELL(open("/dev/null", O_RDONLY));
  const int locked = open("locked", O_RDWR | O_CREAT, 0600);
  TELL(fcntl(locked, F_SETLK, &lock));
  TELL(open("locked", O_RDONLY) >= 0);
  const pid_t child = fork();
  if (child == 0) _exit(fcntl(locked, F_SETLK, &lock) == 0);
  int status = -1;
  waitpid(child, &status, 0);
  TELL(status);
  limit_descriptors(20);
  int made = 0;
  while (dup(second) >= 0) ++made;
  TELL(made < 20);
  TELL(dup(second));
}

static const struct {
  const char* name;
  void (*run)(void);
} actions[] = {{"no_descriptors", no_descriptors},
               {"closed_twice", closed_twice},
               {"sweeps", sweeps},
               {"uses_closed", uses_closed},
               {"misuses", misuses},
               {"no_space", no_space},
               {"closes_a_stream_twice", closes_a_stream_twice},
               {"late", late}};

int main(int count, char** words) {
  if (count != 3 || chdir(words[2]) != 0) return 2;
  for (size_t i = 0; i < sizeof actions / sizeof *actions; ++i) {
    if (strcmp(actions[i].name, words[1]) != 0) continue;
    actions[i].run();
    return syscall(SYS_write, 1, text, length) != (long)length;
  }
  return 2;
}
