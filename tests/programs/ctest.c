// In the place of CMake's test runner: "ctest COMMAND… -- COMMAND…" runs one command after the other.
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char** words) {
  for (int first = 1; first < count;) {
    int end = first;
    while (end < count && strcmp(words[end], "--") != 0) ++end;
    words[end] = NULL;
    pid_t child = fork();
    if (child == 0) {
      execv(words[first], words + first);
      _exit(127);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) return 1;
    first = end + 1;
  }
  return 0;
}
