// Closes and uses descriptors wrongly, or in ways that only look so; `wrong_closes ACTION`. Exit status 0, except where
// the C library ends it.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wuse-after-free"  // it does so on purpose

#define NOINLINE __attribute__((noinline))

NOINLINE static int open_it(void) {
  const int fd = open("/dev/null", O_RDWR);  // opened here
  return fd;
}

NOINLINE static void close_it(int fd) {
  close(fd);  // closed here
}

NOINLINE static void close_it_again(int fd) {
  close(fd);  // closed again here
}

static void double_close(void) {
  const int fd = open_it();
  close_it(fd);
  close_it_again(fd);
}

NOINLINE static void close_a_guess(void) {
  close(900);  // which nothing had
}

NOINLINE static void close_stream(FILE* stream) {
  fclose(stream);  // closed here
}

NOINLINE static void close_stream_again(FILE* stream) {
  fclose(stream);  // closed again here
}

NOINLINE static FILE* open_stream(void) {
  FILE* const stream = fopen("/dev/null", "r");  // opened here
  return stream;
}

static void stream_twice(void) {
  FILE* const stream = open_stream();
  close_stream(stream);
  close_stream_again(stream);
}

static void beneath_stream(void) {
  FILE* const stream = open_stream();
  close_it(fileno(stream));
  close_stream(stream);
}

static void use_after_close(void) {
  char byte = 0;
  const int fd = open_it();
  close_it(fd);
  write(fd, &byte, 1);
  for (int i = 0; i < 3; ++i) read(fd, &byte, 1);  // three times
  read(901, &byte, 1);                             // which nothing had
}

// What takes turns: each thread waits for its own.
static pthread_barrier_t turns;
static void next_turn(void) { pthread_barrier_wait(&turns); }

NOINLINE static int open_another(void) {
  const int fd = open("/dev/zero", O_RDONLY);  // the owner's
  return fd;
}

static void* closes_twice(void* unused) {
  pthread_setname_np(pthread_self(), "thief");
  const int fd = open_it();
  close_it(fd);
  next_turn();  // the other opens
  next_turn();
  close_it_again(fd);
  next_turn();  // the other closes
  return unused;
}

static void* loses_its_own(void* unused) {
  pthread_setname_np(pthread_self(), "owner");
  next_turn();
  const int fd = open_another();
  next_turn();
  next_turn();
  close(fd);  // it is gone
  return unused;
}

static void in_two_threads(void* (*first)(void*), void* (*second)(void*)) {
  pthread_t one, two;
  pthread_barrier_init(&turns, NULL, 2);
  pthread_create(&one, NULL, first, NULL);
  pthread_create(&two, NULL, second, NULL);
  pthread_join(one, NULL);
  pthread_join(two, NULL);
}

static int handed_over;

static void* opens_and_closes_again(void* unused) {
  for (int i = 0; i < 2; ++i) {
    handed_over = i == 0 ? open_it() : open_another();
    next_turn();
    next_turn();
  }
  close_it_again(handed_over);
  return unused;
}

static void* closes_for_the_other(void* unused) {
  for (int i = 0; i < 2; ++i) {
    next_turn();
    close_it(handed_over);
    next_turn();
  }
  return unused;
}

static void reused(void) { in_two_threads(closes_twice, loses_its_own); }
static void twice_in_two_threads(void) { in_two_threads(opens_and_closes_again, closes_for_the_other); }

static int closed_by_handler = -1;
static void close_in_handler(int unused) {
  (void)unused;
  const int saved = errno;
  close_it(closed_by_handler);
  errno = saved;
}

static void in_handler(void) {
  signal(SIGUSR1, close_in_handler);
  closed_by_handler = open_it();
  raise(SIGUSR1);
  close_it_again(closed_by_handler);
}

// From here on, nothing is wrong.

static void sweep(void) {
  for (int i = 0; i < 3; ++i) open_it();
  for (int fd = 3; fd <= 1000; ++fd) close(fd);
}

static void sweep_down(void) {
  for (int i = 0; i < 3; ++i) close_it(open_it());
  for (int fd = 1023; fd > 2; --fd) close(fd);
}

static void sweep_of_what_is_there(void) {
  for (int i = 0; i < 3; ++i) open_it();
  DIR* const all = opendir("/proc/self/fd");
  for (const struct dirent* one = readdir(all); one != NULL; one = readdir(all)) {
    const int fd = atoi(one->d_name);
    if (fd > 2 && fd != dirfd(all)) close(fd);
  }
  closedir(all);
  closefrom(3);
  closefrom(3);
}

static void negative(void) {
  char byte;
  for (int i = 0; i < 3; ++i) close(-1);
  close(-100);
  read(-1, &byte, 1);
}

static void in_fork(void) {
  const int fd = open_it();
  const pid_t child = fork();
  close_it(fd);
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
}

static void over(void) {
  const int fd = open_it();
  dup2(0, fd);
  close_it(fd);
  const int number = open_it();
  dup2(number, 700);
  close_it(number);
  close_it(700);
}

static void in_vfork(void) {
  const int fd = open_it();
  for (int i = 0; i < 3; ++i) {
    const pid_t child = vfork();
    if (child == 0) {
      close(fd);
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addclose(&actions, fd);
  pid_t child;
  posix_spawn(&child, "/bin/true", &actions, NULL, (char*[]){"true", NULL}, (char*[]){NULL});
  waitpid(child, NULL, 0);
  close_it(fd);
}

static void again_and_again(void) {
  for (int i = 0; i < 100; ++i) close_it(open_it());
  for (int i = 0; i < 100; ++i) close_stream(open_stream());
}

static void wrong_direction(void) {
  char byte = 0;
  const int fd = open("/dev/null", O_RDONLY);
  write(fd, &byte, 1);  // EBADF, though it is open
  close(fd);
}

int main(int argc, char** argv) {
  const struct {
    const char* name;
    void (*run)(void);
  } actions[] = {
      {"double_close", double_close},
      {"never_opened", close_a_guess},
      {"stream_twice", stream_twice},
      {"beneath_stream", beneath_stream},
      {"use_after_close", use_after_close},
      {"reused", reused},
      {"twice_in_two_threads", twice_in_two_threads},
      {"in_handler", in_handler},
      {"sweep", sweep},
      {"sweep_down", sweep_down},
      {"sweep_of_what_is_there", sweep_of_what_is_there},
      {"negative", negative},
      {"in_fork", in_fork},
      {"over", over},
      {"in_vfork", in_vfork},
      {"again_and_again", again_and_again},
      {"wrong_direction", wrong_direction},
  };
  for (size_t i = 0; argc > 1 && i < sizeof actions / sizeof *actions; ++i) {
    if (strcmp(argv[1], actions[i].name) != 0) continue;
    actions[i].run();
    return 0;
  }
  return 2;
}
