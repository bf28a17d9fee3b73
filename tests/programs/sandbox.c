// Puts itself under a seccomp filter and goes on opening and closing.
//
//   sandbox tight ACTION   all but a handful of calls meet the action (kill, kill_thread, trap, errno, trace, log)
//   sandbox notify         the same, and nobody answers
//   sandbox strict         SECCOMP_MODE_STRICT
//   sandbox threads        tight, for four threads that are there already
//   sandbox at_work        tight, for four threads in the middle of opening and closing
//   sandbox new_threads    gettid is forbidden, and threads are made
//   sandbox without NUMBER one system call is forbidden
//   sandbox files_without NUMBER  the same, and a file is made, mapped, written and removed
//   sandbox forked_without NUMBER  the same, and a child forked
//   sandbox exec_without NUMBER    the same, and another program executed, with an empty environment
//   sandbox no_socket      socket and open are forbidden, and a child forked
//   sandbox harmless       only ptrace and mount are forbidden, and a child forked
//   sandbox refused        installations that fail
//   sandbox vfork          a vfork child confines itself; its parent does not
//
// What it opens after the filter it opens in leak_after, whatever else in leak_before.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define DENY(name, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)
#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define PROGRAM(filter) \
  { sizeof(filter) / sizeof *(filter), filter }

static volatile int trapped;

// Without stdio, which looks at its file first.
static void say(const char* text, int number) {
  char line[80], digits[12];
  int at = 0, count = 0;
  while (*text) line[at++] = *text++;
  line[at++] = ' ';
  do digits[count++] = '0' + number % 10;
  while (number /= 10);
  while (count) line[at++] = digits[--count];
  line[at++] = '\n';
  write(1, line, at);
}

__attribute__((noinline)) static int leak_before(void) {
  int fd = open("/dev/null", O_RDONLY);
  return fd < 0 ? -errno : fd;
}
__attribute__((noinline)) static int leak_after(void) {
  int fd = open("/dev/null", O_RDONLY);
  return fd < 0 ? -errno : fd;
}
__attribute__((noinline)) static int pair(void) {
  int fd = open("/dev/zero", O_RDWR | O_CREAT, 0600);  // of which we would like to know what it is
  return fd >= 0 && close(fd) == 0;
}

static int work(int leaks) {
  int done = 0;
  for (int i = 0; i < 100; ++i) done += pair();
  for (int i = 0; i < leaks; ++i) done += leak_after() >= 0;
  return done;
}

static void on_trap(int signal) {
  (void)signal;
  ++trapped;
}

static unsigned action_called(const char* name) {
  if (strcmp(name, "kill") == 0) return SECCOMP_RET_KILL_PROCESS;
  if (strcmp(name, "kill_thread") == 0) return SECCOMP_RET_KILL_THREAD;
  if (strcmp(name, "trap") == 0) return SECCOMP_RET_TRAP;
  if (strcmp(name, "errno") == 0) return SECCOMP_RET_ERRNO | ENOSYS;
  if (strcmp(name, "trace") == 0) return SECCOMP_RET_TRACE;
  if (strcmp(name, "log") == 0) return SECCOMP_RET_LOG;
  return SECCOMP_RET_USER_NOTIF;
}

static int install_tight(unsigned action, unsigned flags) {
  struct sock_filter filter[] = {
      LOAD_NUMBER,       ALLOW(read),  ALLOW(write),
      ALLOW(openat),     ALLOW(close), ALLOW(rt_sigreturn),
      ALLOW(exit_group), ALLOW(exit),  BPF_STMT(BPF_RET | BPF_K, action),
  };
  struct sock_fprog program = PROGRAM(filter);
  if (flags == 0) return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int tight(const char* action) {
  signal(SIGSYS, on_trap);
  leak_before();
  if (install_tight(action_called(action), 0) != 0) return 1;
  say("done", work(7));
  say("trapped", trapped);
  return 5;
}

static int notify(void) {
  leak_before();
  if (install_tight(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER) < 0) return 1;
  say("done", work(7));
  return 5;
}

static int strict(void) {
  int pipes[2];
  char byte = 0;
  leak_before();
  if (pipe(pipes) != 0 || write(pipes[1], "x", 1) != 1) return 1;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) != 0) return 2;
  say("read", (int)read(pipes[0], &byte, 1));
  syscall(SYS_exit, 5);
  return 3;
}

static int start[2], finished[2], never[2];
static void* worker(void* unused) {
  char byte;
  pair();
  write(finished[1], "r", 1);
  read(start[0], &byte, 1);
  byte = work(7) == 107 ? '1' : '0';
  write(finished[1], &byte, 1);
  read(never[0], &byte, 1);  // a thread's own end takes more calls than are left
  return unused;
}

static int threads(void) {
  pthread_t thread;
  char byte;
  int good = 0;
  if (pipe(start) != 0 || pipe(finished) != 0 || pipe(never) != 0) return 1;
  for (int i = 0; i < 4; ++i) pthread_create(&thread, NULL, worker, NULL);
  for (int i = 0; i < 4; ++i) read(finished[0], &byte, 1);
  if (install_tight(SECCOMP_RET_KILL_PROCESS, SECCOMP_FILTER_FLAG_TSYNC) != 0) return 2;
  write(start[1], "1234", 4);
  for (int i = 0; i < 4; ++i) read(finished[0], &byte, 1), good += byte == '1';
  say("good", good);
  return 5;
}

static void* pair_for_ever(void* unused) {
  pair();
  write(finished[1], "r", 1);
  for (;;) pair();
  return unused;
}

static int at_work(void) {
  pthread_t thread;
  char byte;
  if (pipe(finished) != 0) return 1;
  for (int i = 0; i < 4; ++i) pthread_create(&thread, NULL, pair_for_ever, NULL);
  for (int i = 0; i < 4; ++i) read(finished[0], &byte, 1);
  if (install_tight(SECCOMP_RET_KILL_PROCESS, SECCOMP_FILTER_FLAG_TSYNC) != 0) return 2;
  int done = 0;
  for (int i = 0; i < 20; ++i) done += work(0);
  say("done", done);
  return 5;
}

static void* open_three(void* unused) {
  for (int i = 0; i < 3; ++i) leak_after();
  return unused;
}

static int new_threads(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, DENY(gettid, SECCOMP_RET_KILL_PROCESS),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = PROGRAM(filter);
  leak_before();
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 1;
  for (int i = 0; i < 4; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, open_three, NULL);
    pthread_join(thread, NULL);
  }
  say("next", open("/dev/null", O_RDONLY));
  return 5;
}

// By calls that ask the kernel for nothing about the file themselves.
static int make_and_remove_file(void) {
  static char buffer[4096];
  char name[] = "fdtrace-sandbox-XXXXXX";
  FILE* stream = fdopen(mkstemp(name), "w");
  setvbuf(stream, buffer, _IOFBF, sizeof buffer);
  if (mmap(NULL, sizeof buffer, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(stream), 0) == MAP_FAILED) return 0;
  return fputs("text", stream) >= 0 && unlink(name) == 0 && fclose(stream) == 0;
}

static int forbid(int number) {
  struct sock_filter filter[] = {LOAD_NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = PROGRAM(filter);
  leak_before();
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int without(int number) {
  if (forbid(number) != 0) return 1;
  say("done", work(7));
  return 5;
}

static int files_without(int number) {
  if (chdir("/tmp") != 0 || forbid(number) != 0) return 1;
  say("made", make_and_remove_file());
  return 5;
}

static int fork_and_work(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    say("child", work(3));
    exit(9);
  }
  waitpid(child, &status, 0);
  say("status", WEXITSTATUS(status));
  say("parent", work(5));
  return 5;
}

static int forked_without(int number) {
  if (forbid(number) != 0) return 1;
  return fork_and_work();
}

static int exec_without(int number) {
  char *arguments[] = {"sandbox", "five", NULL}, *environment[] = {NULL};
  if (forbid(number) != 0) return 1;
  say("done", work(7));
  execve("/proc/self/exe", arguments, environment);
  return 1;
}

static int no_socket(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, DENY(socket, SECCOMP_RET_KILL_PROCESS),
#ifdef SYS_open
                                 DENY(open, SECCOMP_RET_KILL_PROCESS),
#endif
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = PROGRAM(filter);
  leak_before();
  if (syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 1;
  return fork_and_work();
}

static int harmless(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, DENY(ptrace, SECCOMP_RET_KILL_PROCESS),
                                 DENY(mount, SECCOMP_RET_KILL_PROCESS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = PROGRAM(filter);
  leak_before();
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return 1;
  return fork_and_work();
}

static int refused(void) {
  struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  struct sock_fprog program = PROGRAM(filter), empty = {0, filter}, nowhere = {1, (struct sock_filter*)16};
  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0xff00, &program);
  say("flags", errno);
  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL);
  say("null", errno);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 16, 0, 0);
  say("address", errno);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &nowhere, 0, 0);
  say("instructions", errno);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &empty, 0, 0);
  say("empty", errno);
  return fork_and_work();
}

static int with_vfork(void) {
  struct sock_filter filter[] = {LOAD_NUMBER, ALLOW(exit), ALLOW(exit_group), ALLOW(write),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  struct sock_fprog program = PROGRAM(filter);
  pid_t child = vfork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) _exit(1);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  say("vforked", status);
  return fork_and_work();
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  const char* mode = arguments[1];
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (strcmp(mode, "tight") == 0 && count > 2) return tight(arguments[2]);
  if (strcmp(mode, "notify") == 0) return notify();
  if (strcmp(mode, "strict") == 0) return strict();
  if (strcmp(mode, "threads") == 0) return threads();
  if (strcmp(mode, "at_work") == 0) return at_work();
  if (strcmp(mode, "new_threads") == 0) return new_threads();
  if (strcmp(mode, "without") == 0 && count > 2) return without(atoi(arguments[2]));
  if (strcmp(mode, "files_without") == 0 && count > 2) return files_without(atoi(arguments[2]));
  if (strcmp(mode, "forked_without") == 0 && count > 2) return forked_without(atoi(arguments[2]));
  if (strcmp(mode, "exec_without") == 0 && count > 2) return exec_without(atoi(arguments[2]));
  if (strcmp(mode, "five") == 0) return 5;
  if (strcmp(mode, "no_socket") == 0) return no_socket();
  if (strcmp(mode, "harmless") == 0) return harmless();
  if (strcmp(mode, "refused") == 0) return refused();
  if (strcmp(mode, "vfork") == 0) return with_vfork();
  return 2;
}
