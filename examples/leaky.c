// A small server, as far as its descriptors go: it forgets to close a configuration file that is not to its liking,
// asks a neighbour and never hangs up, and keeps one log open, as it should.
//
// Try it:  cc -g -o leaky examples/leaky.c && scripts/fdtrace -- ./leaky
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int load_config(const char* path, int request) {
  FILE* file = fopen(path, "r");
  if (file == NULL) return -1;
  char line[256];
  if (fgets(line, sizeof line, file) == NULL || request % 4 == 0) return -1;  // the leak: the file stays open
  fclose(file);
  return 0;
}

static int ask_neighbour(const struct sockaddr_in* address) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (const struct sockaddr*)address, sizeof *address) != 0) {
    close(connection);
    return -1;
  }
  return connection;  // the leak: the caller looks only whether it worked
}

static void handle_request(const struct sockaddr_in* neighbour, int listener, int request) {
  load_config("/etc/passwd", request);
  if (request % 10 == 0 && ask_neighbour(neighbour) >= 0) {
    int other_end = accept(listener, NULL, NULL);
    close(other_end);  // the neighbour hangs up: our end is left in CLOSE_WAIT
  }
}

int main(void) {
  int log = open("/dev/null", O_WRONLY);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr*)&address, length) != 0 || listen(listener, 8) != 0) return 1;
  getsockname(listener, (struct sockaddr*)&address, &length);
  for (int request = 0; request < 200; ++request) handle_request(&address, listener, request);
  close(listener);
  dprintf(log, "served\n");
  puts("200 requests served");
  return 0;
}
