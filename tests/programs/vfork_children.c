// `vfork_children HOW`: keeps two descriptors, and makes children by vfork that close them, open their own, and exec or
// end. Whatever a child does to its descriptors, the program's stay. Prints whether they did, and what it opened.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kThreadRounds = 100 };

static int kept[2];
static atomic_int opened, done;

__attribute__((noinline)) static void keeps_two(void) {
  for (int i = 0; i < 2; ++i) kept[i] = open("/dev/null", O_RDONLY);
  opened += 2;
  __asm__ volatile("");
}

static void close_kept(void) {
  for (int i = 0; i < 2; ++i) close(kept[i]);
}

static int both_kept(void) { return fcntl(kept[0], F_GETFD) >= 0 && fcntl(kept[1], F_GETFD) >= 0; }

static int wait_for(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((noinline)) static int child_execs(void) {
  pid_t child = vfork();
  if (child == 0) {
    close_kept();
    open("/dev/zero", O_RDONLY | O_CLOEXEC);
    open("/dev/full", O_RDONLY);
    execl("/bin/true", "true", NULL);
    _exit(127);
  }
  opened += 2;
  return wait_for(child);
}

__attribute__((noinline)) static int child_exits(void) {
  pid_t child = vfork();
  if (child == 0) {
    close_kept();
    open("/dev/zero", O_RDONLY);
    close(open("/dev/full", O_RDONLY));
    _exit(3);
  }
  opened += 2;
  return wait_for(child);
}

__attribute__((noinline)) static int child_fails_to_exec(void) {
  pid_t child = vfork();
  if (child == 0) {
    open("/dev/zero", O_RDONLY | O_CLOEXEC);
    execl("/nowhere/at/all", "all", NULL);
    _exit(126);
  }
  opened += 1;
  return wait_for(child);
}

__attribute__((noinline)) static int child_has_a_child(void) {
  pid_t child = vfork();
  if (child == 0) {
    close_kept();
    pid_t grandchild = vfork();
    if (grandchild == 0) {
      open("/dev/zero", O_RDONLY | O_CLOEXEC);
      execl("/bin/true", "true", NULL);
      _exit(127);
    }
    open("/dev/full", O_RDONLY);
    _exit(wait_for(grandchild) == 0 ? 4 : 1);
  }
  opened += 2;
  return wait_for(child);
}

static void* open_and_close(void* unused) {
  while (!done) {
    int fd = open("/dev/null", O_RDONLY);
    int copy = dup(fd);
    close(fd);
    close(copy);
    opened += 2;
  }
  return unused;
}

static int* vfork_often(int* good) {
  for (int i = 0; i < kThreadRounds; ++i) {
    pid_t child = vfork();
    if (child == 0) {
      close_kept();
      open("/dev/zero", O_RDONLY | O_CLOEXEC);
      execl("/bin/true", "true", NULL);
      _exit(127);
    }
    opened += 1;
    *good += wait_for(child) == 0;
  }
  return good;
}

static void* vforking_thread(void* good) { return vfork_often(good); }

static int in_threads(void) {
  pthread_t threads[4];
  int good[2] = {0, 0};
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, vforking_thread, &good[i]);
  for (int i = 2; i < 4; ++i) pthread_create(&threads[i], NULL, open_and_close, NULL);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  done = 1;
  for (int i = 2; i < 4; ++i) pthread_join(threads[i], NULL);
  return good[0] + good[1] == 2 * kThreadRounds ? 0 : 1;
}

int main(int count, char** arguments) {
  const char* how = count > 1 ? arguments[1] : "";
  alarm(50);
  keeps_two();
  int status = 1;
  if (strcmp(how, "exec") == 0) status = child_execs();
  if (strcmp(how, "exit") == 0) status = child_exits();
  if (strcmp(how, "fail") == 0) status = child_fails_to_exec();
  if (strcmp(how, "nested") == 0) status = child_has_a_child();
  if (strcmp(how, "threads") == 0) status = in_threads();
  printf("%s\n", both_kept() ? "both kept" : "lost");
  printf("opened %d\n", opened);
  return status;
}
