// Loads a library, leaks in it, unloads it, and does the same with another that the loader puts at the same place.
// `reload FIRST SECOND`; each exports leak().
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

static unsigned long use(const char* path) {
  void* library = dlopen(path, RTLD_NOW);
  if (library == NULL) return 0;
  void (*leak)(void) = (void (*)(void))dlsym(library, "leak");
  leak();
  unsigned long place = ((struct link_map*)library)->l_addr;
  dlclose(library);
  return place;
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  unsigned long first = use(arguments[1]);
  unsigned long second = use(arguments[2]);
  puts(first != 0 && first == second ? "same place" : "other place");
  return 0;
}
