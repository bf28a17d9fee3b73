// `passing pair` or `passing named PATH`: one process opens files, a pipe and eventfds, sends them to another over a
// Unix socket, and closes its own; the other receives them and leaks them. With a named socket the sender has ended
// before they are received.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kFiles = 3, kEvents = 2, kAll = kFiles + 2 + kEvents };

__attribute__((noinline)) static int opens_file(void) {
  int fd = open("/etc/passwd", O_RDONLY);
  __asm__ volatile("");
  return fd;
}

__attribute__((noinline)) static void makes_pipe(int* ends) {
  if (pipe(ends) != 0) _exit(1);
  __asm__ volatile("");
}

__attribute__((noinline)) static int makes_event(void) {
  int fd = eventfd(0, 0);
  __asm__ volatile("");
  return fd;
}

typedef union Control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * kAll)];
} Control;

static struct msghdr message_with(Control* control, struct iovec* text) {
  return (struct msghdr){
      .msg_iov = text, .msg_iovlen = 1, .msg_control = control->bytes, .msg_controllen = sizeof control->bytes};
}

static int send_all(int socket_fd) {
  int fds[kAll];
  for (int i = 0; i < kFiles; ++i) fds[i] = opens_file();
  makes_pipe(fds + kFiles);
  for (int i = 0; i < kEvents; ++i) fds[kFiles + 2 + i] = makes_event();

  Control control;
  char byte = 'x';
  struct iovec text = {&byte, 1};
  struct msghdr message = message_with(&control, &text);
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fds)};
  memcpy(CMSG_DATA(header), fds, sizeof fds);
  if (sendmsg(socket_fd, &message, 0) != 1) return 1;
  for (int i = 0; i < kAll; ++i) close(fds[i]);
  close(socket_fd);
  return 0;
}

__attribute__((noinline)) static int receives(int socket_fd) {
  Control control;
  char byte;
  struct iovec text = {&byte, 1};
  struct msghdr message = message_with(&control, &text);
  if (recvmsg(socket_fd, &message, 0) != 1) return 1;
  close(socket_fd);
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_len != CMSG_LEN(sizeof(int) * kAll)) return 1;
  printf("received %d\n", kAll);
  return 0;
}

static int over_pair(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    return receives(ends[1]);
  }
  close(ends[1]);
  int status = send_all(ends[0]);
  int child_status = 1;
  waitpid(child, &child_status, 0);
  return status != 0 || child_status != 0;
}

static int over_named(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listening, (struct sockaddr*)&address, sizeof address) != 0 || listen(listening, 1) != 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    close(listening);
    int connected = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(connected, (struct sockaddr*)&address, sizeof address) != 0) return 1;
    return send_all(connected);
  }
  int accepted = accept(listening, NULL, NULL);
  close(listening);
  int child_status = 1;
  waitpid(child, &child_status, 0);
  return receives(accepted) != 0 || child_status != 0;
}

int main(int count, char** arguments) {
  alarm(50);
  return count == 3 ? over_named(arguments[2]) : over_pair();
}
