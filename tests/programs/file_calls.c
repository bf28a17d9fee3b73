// Does one thing with the files of a directory, for the events that come of it:
//
//   file_calls ACTION DIRECTORY
//
// Exit status 0 if all went as it should.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                  \
  do {                                                    \
    if (!(condition)) {                                   \
      printf("line %d: %s\n", __LINE__, strerror(errno)); \
      return 1;                                           \
    }                                                     \
  } while (0)

static char bytes[9000];

static int make(const char* name, size_t size) {
  const int fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
  return 0;
}

static int opens(void) {
  char shared[64], pattern[] = "tmp-XXXXXX", full[PATH_MAX + 9];
  struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0600};
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  sprintf(shared, "/fdtrace-%d", getpid());
  CHECK(open("new", O_WRONLY | O_CREAT, 0600) >= 0);
  CHECK(open("new", O_WRONLY | O_CREAT, 0600) >= 0);
  CHECK(open("new", O_RDWR) >= 0);
  CHECK(open("new", O_RDONLY) >= 0);
  CHECK(open("empty", O_RDONLY | O_CREAT, 0600) >= 0);
  CHECK(openat(here, "exclusive", O_RDWR | O_CREAT | O_EXCL, 0600) >= 0);
  CHECK(openat(here, "at", O_RDWR | O_CREAT, 0600) >= 0);
  CHECK(creat("creat", 0600) >= 0);
  CHECK(mkstemp(pattern) >= 0);
  CHECK(fopen("stream", "w") != NULL);
  CHECK(fopen("stream", "a") != NULL);
  CHECK(fopen("stream", "r+") != NULL);
  CHECK(fopen("stream", "r") != NULL);
  CHECK(freopen("again", "w", fopen("/dev/null", "r")) != NULL);
  CHECK(shm_open(shared, O_RDWR | O_CREAT, 0600) >= 0);
  CHECK(shm_open(shared, O_RDWR | O_CREAT, 0600) >= 0);
  CHECK(shm_open(shared, O_RDONLY, 0600) >= 0);
  CHECK(shm_unlink(shared) == 0);
  CHECK(open(strcat(realpath(".", full), "/full"), O_WRONLY | O_CREAT, 0600) >= 0);
  CHECK(open(strcat(realpath(".", full), "/./dots"), O_WRONLY | O_CREAT, 0600) >= 0);
  CHECK(syscall(SYS_openat, here, "by_number", O_WRONLY | O_CREAT, 0600) >= 0);
  CHECK(syscall(SYS_openat2, here, "how", &how, sizeof how) >= 0);
  CHECK(syscall(SYS_openat2, here, "how", &how, sizeof how) >= 0);
  CHECK(open("/dev/null", O_WRONLY | O_CREAT, 0600) >= 0);
  CHECK(open("new", O_PATH | O_RDWR | O_CREAT) >= 0);
  CHECK(open("there/is/nothing", O_WRONLY | O_CREAT, 0600) == -1);
  return 0;
}

static int nameless(void) {
  CHECK(open(".", O_TMPFILE | O_RDWR, 0600) >= 0);
  CHECK(memfd_create("memory", 0) >= 0);
  CHECK(tmpfile() != NULL);
  return 0;
}

static int copies(void) {
  const int fd = open("file", O_WRONLY | O_CREAT, 0600);
  CHECK(fd >= 0 && close(dup(fd)) == 0 && dup2(fd, 50) == 50 && fcntl(fd, F_DUPFD, 60) == 60);
  CHECK(close(50) == 0 && close(60) == 0);
  return 0;
}

static FILE* written(const char* name, const char* mode, size_t size) {
  FILE* const stream = name == NULL ? tmpfile() : fopen(name, mode);
  if (stream != NULL && fwrite(bytes, 1, size, stream) != size) return NULL;
  return stream;
}

// In the order of their sizes at the close: 1001, 1002, …
static int closes(void) {
  int fd = open("1", O_WRONLY | O_CREAT, 0600);
  FILE* stream;
  CHECK(write(fd, bytes, 1001) == 1001 && close(fd) == 0);
  fd = open("2", O_WRONLY | O_CREAT, 0600);
  CHECK(write(fd, bytes, 1002) == 1002 && dup2(0, fd) == fd);
  fd = open("3", O_WRONLY | O_CREAT, 0600);
  CHECK(write(fd, bytes, 1003) == 1003 && close_range(fd, fd, 0) == 0);
  CHECK(fclose(written("4", "w", 1004)) == 0);
  CHECK(fclose(written(NULL, "", 1005)) == 0);
  // Of one that appends, the end is where others have moved it.
  CHECK((stream = written("6", "a", 5)) != NULL && make("6", 1001) == 0 && fclose(stream) == 0);
  CHECK((stream = written("7", "w", 1007)) != NULL && (stream = freopen("/dev/null", "r", stream)) != NULL);
  CHECK(fclose(stream) == 0);
  // One that reads, and writes where it has come to: its end is where it was.
  CHECK(make("8", 1008) == 0 && (stream = fopen("8", "r+")) != NULL && fread(bytes, 1, 10, stream) == 10);
  CHECK(fseek(stream, 0, SEEK_CUR) == 0 && fwrite("x", 1, 1, stream) == 1 && fclose(stream) == 0);
  CHECK((stream = written("9", "w", 1000)) != NULL && fflush(stream) == 0 && fwrite(bytes, 1, 9, stream) == 9);
  CHECK(unlink("9") == 0 && fclose(stream) == 0);
  fd = open("10", O_WRONLY | O_CREAT, 0600);
  CHECK(write(fd, bytes, 1010) == 1010 && syscall(SYS_close, fd) == 0);
  return 0;
}

static int unlinks(void) {
  char shared[64];
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  sprintf(shared, "fdtrace-%d", getpid());
  CHECK(make("1", 1) == 0 && unlink("1") == 0);
  CHECK(make("2", 2) == 0 && unlinkat(here, "2", 0) == 0);
  CHECK(make("3", 3) == 0 && remove("3") == 0);
  CHECK(make("4", 4) == 0 && link("4", "other name") == 0 && unlink("4") == 0);
  CHECK(make("5", 5) == 0 && syscall(SYS_unlinkat, here, "5", 0) == 0);
  CHECK(ftruncate(shm_open(shared, O_RDWR | O_CREAT, 0600), 6) == 0 && shm_unlink(shared) == 0);
  // Of these there is nothing to tell.
  CHECK(unlink("not there") == -1 && errno == ENOENT);
  CHECK(symlink("other name", "symbolic") == 0 && unlink("symbolic") == 0);
  CHECK(mkdir("directory", 0700) == 0 && unlinkat(here, "directory", AT_REMOVEDIR) == 0);
  CHECK(mkdir("directory", 0700) == 0 && remove("directory") == 0);
  CHECK(mkfifo("fifo", 0600) == 0 && unlink("fifo") == 0);
  return 0;
}

static int renames(void) {
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  // All of them first: the number of a file that is gone may be the next one's.
  CHECK(make("1", 1) == 0 && make("2", 2) == 0 && make("3", 3) == 0 && make("4", 4) == 0);
  CHECK(rename("1", "to") == 0);
  CHECK(renameat(here, "2", here, "to") == 0);
  CHECK(renameat2(AT_FDCWD, "3", AT_FDCWD, "to", RENAME_EXCHANGE) == 0);
  CHECK(syscall(SYS_renameat2, here, "4", here, "fresh", RENAME_NOREPLACE) == 0);
  // Of these there is nothing to tell.
  CHECK(link("to", "second") == 0 && rename("to", "second") == 0 && access("to", F_OK) == 0);
  CHECK(renameat2(here, "to", here, "fresh", RENAME_NOREPLACE) == -1 && errno == EEXIST);
  CHECK(rename("not there", "to") == -1 && errno == ENOENT);
  // The new name takes the place of a file, though it is a symbolic link's.
  CHECK(symlink("second", "symbolic") == 0 && rename("symbolic", "fresh") == 0);
  return 0;
}

// Of directories, and of symbolic links, which may lead to some.
static int moves(void) {
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  CHECK(mkdir("directory", 0700) == 0 && rename("directory", "moved") == 0);
  CHECK(mkdir("empty", 0700) == 0 && renameat(here, "moved", here, "empty") == 0);
  CHECK(symlink("empty", "symbolic") == 0 && rename("symbolic", "led") == 0);
  CHECK(make("file", 1) == 0 && renameat2(here, "file", here, "empty", RENAME_EXCHANGE) == 0);
  // Of these there is nothing to tell.
  CHECK(rename("file", "empty") == -1 && errno == ENOTDIR);
  CHECK(rename("not there", "empty") == -1 && errno == ENOENT);
  CHECK(mkfifo("fifo", 0600) == 0 && rename("fifo", "pipe") == 0);
  return 0;
}

static int links(void) {
  char by_number[64];
  const int here = open(".", O_RDONLY | O_DIRECTORY), unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
  CHECK(make("1", 1) == 0 && link("1", "2") == 0 && linkat(here, "2", here, "3", 0) == 0);
  CHECK(syscall(SYS_linkat, here, "1", AT_FDCWD, "4", 0) == 0);
  CHECK(rename("4", "5") == 0 && unlink("1") == 0);
  sprintf(by_number, "/proc/self/fd/%d", unnamed);
  CHECK(linkat(AT_FDCWD, by_number, here, "named", AT_SYMLINK_FOLLOW) == 0);
  CHECK(symlink("2", "symbolic") == 0 && linkat(here, "symbolic", here, "6", AT_SYMLINK_FOLLOW) == 0);
  // Of these there is nothing to tell.
  CHECK(link("2", "3") == -1 && errno == EEXIST);
  CHECK(link("not there", "7") == -1 && errno == ENOENT);
  CHECK(link("symbolic", "8") == 0 && mkfifo("fifo", 0600) == 0 && link("fifo", "9") == 0);
  return 0;
}

#define FAULTS(call) CHECK((call) == -1 && errno == EFAULT)

static int faults(void) {
  char* const nowhere = (char*)8;
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  FAULTS(open(nowhere, O_WRONLY | O_CREAT, 0600));
  FAULTS(openat(here, nowhere, O_WRONLY | O_CREAT | O_EXCL, 0600));
  FAULTS(creat(nowhere, 0600));
  FAULTS(unlink(nowhere));
  FAULTS(unlinkat(here, nowhere, 0));
  FAULTS(remove(nowhere));
  FAULTS(rename(nowhere, "x"));
  FAULTS(renameat2(here, nowhere, here, nowhere, RENAME_EXCHANGE));
  FAULTS(link(nowhere, "x"));
  FAULTS(linkat(here, nowhere, here, "x", AT_EMPTY_PATH));
  FAULTS(syscall(SYS_openat2, here, "x", nowhere, sizeof(struct open_how)));
  CHECK(make("x", 1) == 0);
  FAULTS(rename("x", nowhere));
  FAULTS(link("x", nowhere));
  CHECK(fopen(nowhere, "w") == NULL && errno == EFAULT);
  return 0;
}

static int vfork_child(void) {
  int status = -1;
  CHECK(make("file", 77) == 0);
  const pid_t child = vfork();
  if (child == 0) {
    const int fd = open("made", O_WRONLY | O_CREAT, 0600);
    const int good = write(fd, bytes, 78) == 78 && close(fd) == 0 && unlink("file") == 0;
    _exit(good ? 7 : 1);
  }
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
  return 0;
}

// By an instruction of our own, so that nobody knows: from here on whoever asks for the state of a file is killed.
static long confine(const struct sock_fprog* program) {
  long result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#if defined(__x86_64__)
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_seccomp), "D"(SECCOMP_SET_MODE_FILTER), "S"(0L), "d"(program)
                   : "rcx", "r11", "memory");
#else
  register long x8 __asm__("x8") = SYS_seccomp;
  register long x0 __asm__("x0") = SECCOMP_SET_MODE_FILTER;
  register long x1 __asm__("x1") = 0;
  register long x2 __asm__("x2") = (long)program;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  result = x0;
#endif
  return result;
}

#define KILL(name) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

// It ends by the bare _exit, which looks at nothing.
static int reads_only(void) {
  struct sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 KILL(fstat),
                                 KILL(newfstatat),
                                 KILL(statx),
                                 KILL(faccessat),
                                 KILL(readlinkat),
                                 KILL(lseek),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  CHECK(make("file", 10) == 0 && close(open("file", O_RDONLY)) == 0);
  CHECK(confine(&program) == 0);
  for (int i = 0; i < 100; ++i) CHECK(close(open("file", O_RDONLY)) == 0);
  _exit(0);
}

// The same of files that are written, but that the state of a file may be asked by its descriptor.
static int writes_only(void) {
  struct sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 KILL(newfstatat),
                                 KILL(statx),
                                 KILL(faccessat),
                                 KILL(readlinkat),
                                 KILL(lseek),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  CHECK(make("file", 10) == 0 && close(open("file", O_WRONLY)) == 0);
  CHECK(confine(&program) == 0);
  for (int i = 0; i < 100; ++i) CHECK(close(open("file", O_WRONLY)) == 0);
  _exit(0);
}

static int exec(void) {
  const int closed = open("closed", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int kept = open("kept", O_WRONLY | O_CREAT, 0600);
  CHECK(write(closed, bytes, 11) == 11 && write(kept, bytes, 12) == 12 && open("kept", O_RDONLY) >= 0);
  CHECK(open("kept", O_WRONLY | O_CREAT | O_TRUNC, 0600) >= 0);
  execl("/bin/true", "true", NULL);
  return 1;
}

int main(int count, char** arguments) {
  static const struct {
    const char* name;
    int (*run)(void);
  } actions[] = {
      {"opens", opens},     {"nameless", nameless},       {"copies", copies},         {"closes", closes},
      {"unlinks", unlinks}, {"renames", renames},         {"moves", moves},           {"links", links},
      {"faults", faults},   {"vfork_child", vfork_child}, {"reads_only", reads_only}, {"writes_only", writes_only},
      {"exec", exec}};
  if (count != 3 || chdir(arguments[2]) != 0) return 2;
  for (size_t i = 0; i < sizeof actions / sizeof *actions; ++i) {
    if (strcmp(actions[i].name, arguments[1]) == 0) return actions[i].run();
  }
  return 2;
}
