// Opens and closes after main and after the start functions of threads: in destructors of thread-local variables, in
// handlers of atexit and on_exit, in destructors of the program and of a library (late_library.c). Everything that is
// opened by leak_… stays open; everything else is closed in the next of these moments.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void use_library(void);
extern int __cxa_thread_atexit_impl(void (*)(void*), void*, void*);  // what a C++ compiler makes of thread_local
extern void* __dso_handle;

static int handed_on = -1;

__attribute__((noinline)) static void leak_in_thread_local(void) { open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static void leak_in_key(void) { open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static void leak_in_atexit(void) { open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static void leak_in_on_exit(void) { open("/dev/null", O_RDONLY); }
__attribute__((noinline)) static void leak_in_destructor(void) { open("/dev/null", O_RDONLY); }

static void hand_on(void) {
  close(handed_on);
  handed_on = open("/dev/zero", O_RDONLY);
}

static void on_thread_local(void* unused) {
  (void)unused;
  hand_on();
  leak_in_thread_local();
}
static void on_key(void* rounds_left) {
  hand_on();
  leak_in_key();
  extern pthread_key_t key;
  // The C library asks again, as often as PTHREAD_DESTRUCTOR_ITERATIONS says.
  if ((long)rounds_left > 1) pthread_setspecific(key, (void*)((long)rounds_left - 1));
}
pthread_key_t key;

static void* thread(void* unused) {
  handed_on = open("/dev/zero", O_RDONLY);
  __cxa_thread_atexit_impl(on_thread_local, NULL, &__dso_handle);
  pthread_setspecific(key, (void*)3);
  return unused;
}

// Registered before everything else, so that it runs after everything else.
static void very_last(int status, void* unused) {
  (void)status, (void)unused;
  hand_on();
  leak_in_on_exit();
  close(handed_on);
}
static void register_first(void) { on_exit(very_last, NULL); }
__attribute__((section(".preinit_array"), used)) static void (*const at_first)(void) = register_first;

static void on_atexit(void) {
  hand_on();
  leak_in_atexit();
}
static void on_on_exit(int status, void* argument) {
  hand_on();
  leak_in_on_exit();
  if (status != 6 || argument != &key) abort();
}
__attribute__((destructor)) static void destruct(void) {
  hand_on();
  leak_in_destructor();
}

int main(void) {
  use_library();
  pthread_key_create(&key, on_key);
  pthread_t one;
  pthread_create(&one, NULL, thread, NULL);
  pthread_join(one, NULL);
  __cxa_thread_atexit_impl(on_thread_local, NULL, &__dso_handle);
  atexit(on_atexit);
  on_exit(on_on_exit, &key);
  return 6;
}
