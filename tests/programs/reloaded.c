// A library for reload.c, built twice with other names and frames of another size.
#include <fcntl.h>

__attribute__((noinline)) static void INNER(void) {
  volatile char room[ROOM] = {1};
  open("/dev/null", O_RDONLY);
  room[1] = room[0];
}

void leak(void) {
  volatile char room[ROOM / 2] = {1};
  INNER();
  room[1] = room[0];
}
