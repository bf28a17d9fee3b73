// Opens, closes and prints; built against musl, and once more without any shared library.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int fd = open("/dev/null", O_RDONLY);
  FILE* file = fopen("/etc/passwd", "r");
  DIR* directory = opendir("/");
  pid_t child = fork();
  if (child == 0) _exit(5);
  int status = 0;
  waitpid(child, &status, 0);
  printf("%d %d %d %d\n", fd, fileno(file), dirfd(directory), WEXITSTATUS(status));
  closedir(directory);
  return fclose(file) == 0 && close(fd) == 0 ? 6 : 1;
}
