// Loads the library that it is given so that the library calls another open and close than the program does, and lets
// it open two and close one, before and after that of its own.
//
//   odd_loads global LIBRARY     for comparison
//   odd_loads deepbind LIBRARY   RTLD_DEEPBIND: what the library itself needs comes before what was preloaded
//   odd_loads namespace LIBRARY  dlmopen(LM_ID_NEWLM): a second libc, and nothing preloaded
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static int leak_in_program(void) { return open("/dev/null", O_RDONLY); }

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const char* how = arguments[1];
  int first = leak_in_program();
  void* library = strcmp(how, "namespace") == 0
                      ? dlmopen(LM_ID_NEWLM, arguments[2], RTLD_NOW)
                      : dlopen(arguments[2], RTLD_NOW | (strcmp(how, "deepbind") == 0 ? RTLD_DEEPBIND : 0));
  if (library == NULL) return puts(dlerror()), 2;
  int (*leak)(void) = (int (*)(void))dlsym(library, "leak_one_of_two");
  if (leak == NULL) return 2;
  int second = leak();
  close(open("/dev/null", O_RDONLY));
  printf("%d %d\n", first, second);
  return dlclose(library);
}
