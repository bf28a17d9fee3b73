// Calls functions of the table with every combination of a few good and bad arguments, and prints of each call its
// result and the errno after it, which is 77 before: a call that succeeds leaves it alone. `call_results`, in an empty
// directory. What it prints is the same whether it is traced or not.
#include "tests/programs/call_results.h"

#include <sys/prctl.h>
#include <sys/un.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace fdtrace {
namespace {

void Stand() {
  syscall(SYS_close_range, 3, ~0u, 0);
  int ends[2];
  if (open("/dev/null", O_RDWR) != kNull || open(".", O_RDONLY | O_DIRECTORY) != kDirectory ||
      open("plain", O_RDWR | O_CREAT, 0640) != kFile || open("plain", O_RDONLY) != kOnlyRead ||
      pipe2(ends, O_NONBLOCK) != 0 || dup2(ends[1], 40) != 40 || close(ends[1]) != 0 ||
      socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0) != kSocket ||
      socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0) != kListener || epoll_create1(0) != kEpoll) {
    _exit(8);
  }
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (bind(kListener, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) != 0 || listen(kListener, 1) != 0)
    _exit(8);
  if (write(kFile, "some bytes", 10) != 10 || symlink("loop", "loop") != 0) _exit(8);
}

void OpenFiles() {
  const List<int> flags = {O_RDONLY,
                           O_WRONLY,
                           O_RDONLY | O_DIRECTORY,
                           O_RDWR | O_CREAT,
                           O_RDWR | O_CREAT | O_EXCL,
                           O_PATH | O_NOFOLLOW,
                           O_RDONLY | O_TRUNC | O_CREAT,
                           O_TMPFILE | O_RDWR};
  const List<int> plain = {O_RDONLY, O_WRONLY, O_DIRECTORY};
  const List<int> modes = {0600};
  EACH(open, Paths(), flags, modes);
  EACH(open64, Paths(), flags, modes);
  EACH(__open, Paths(), flags, modes);
  EACH(__open64, Paths(), flags, modes);
  EACH(__open_2, Paths(), plain);
  EACH(__open64_2, Paths(), plain);
  EACH(openat, Directories(), Paths(), flags, modes);
  EACH(openat64, Directories(), Paths(), flags, modes);
  EACH(__openat_2, Directories(), Paths(), plain);
  EACH(__openat64_2, Directories(), Paths(), plain);
  EACH(creat, Paths(), modes);
  EACH(creat64, Paths(), modes);
  EACH_NUMBER(open, Paths(), flags, modes);
  EACH_NUMBER(openat, Directories(), Paths(), flags, modes);
  EACH_NUMBER(creat, Paths(), modes);
  char no_pattern[] = "no pattern";
  ONE("mkstemp", mkstemp(no_pattern));
  ONE("mkstemp64", mkstemp64(no_pattern));
  ONE("mkostemp", mkostemp(no_pattern, 0));
  ONE("mkostemp64", mkostemp64(no_pattern, 0));
  ONE("mkstemps", mkstemps(no_pattern, 99));
  ONE("mkstemps64", mkstemps64(no_pattern, 99));
  ONE("mkostemps", mkostemps(no_pattern, 99, 0));
  ONE("mkostemps64", mkostemps64(no_pattern, 99, 0));
  EACH(memfd_create, List<const char*>{"name", Bad()}, List<unsigned>{0, 1, ~0u});
  EACH(shm_open, List<const char*>{"/call-results-none", "/", "a/b/c"}, List<int>{O_RDONLY}, modes);
}

void MakeDescriptors() {
  const List<int> flags = {0, O_CLOEXEC, -1};
  List<int*> pairs = {reinterpret_cast<int*>(g_bytes), reinterpret_cast<int*>(Bad()), nullptr};
  EACH(socket, List<int>{AF_UNIX, AF_INET, 99}, List<int>{SOCK_STREAM, SOCK_STREAM | SOCK_CLOEXEC, 99},
       List<int>{0, 99});
  EACH(socketpair, List<int>{AF_UNIX, AF_INET}, List<int>{SOCK_STREAM, 99}, List<int>{0}, pairs);
  EACH(accept, Fds(), List<sockaddr*>{nullptr}, List<socklen_t*>{nullptr});
  EACH(accept4, Fds(), List<sockaddr*>{nullptr}, List<socklen_t*>{nullptr}, flags);
  EACH(pipe, pairs);
  EACH(__pipe, pairs);
  EACH(pipe2, pairs, flags);
  EACH(epoll_create, List<int>{1, 0, -1});
  EACH(epoll_create1, flags);
  EACH(eventfd, List<unsigned>{0, 9}, flags);
  EACH(timerfd_create, List<int>{CLOCK_MONOTONIC, 99}, flags);
  EACH(inotify_init1, flags);
  ONE("inotify_init", inotify_init());
  static sigset_t none;
  EACH(signalfd, Fds(), List<const sigset_t*>{&none, reinterpret_cast<sigset_t*>(Bad())}, flags);
  EACH(pidfd_open, List<pid_t>{getpid(), -1, 0}, List<unsigned>{0, 9});
  EACH(pidfd_getfd, Fds(), List<int>{0}, List<unsigned>{0, 9});
  EACH(fsopen, List<const char*>{"none such", Bad()}, List<unsigned>{0, ~0u});
  EACH(fsmount, Fds(), List<unsigned>{0}, List<unsigned>{0});
  EACH(open_tree, Directories(), Paths(), List<unsigned>{0, ~0u});
  EACH(fanotify_init, List<unsigned>{~0u}, List<unsigned>{0});
  EACH(mq_open, List<const char*>{"/none", "no slash"}, List<int>{O_RDONLY});
  EACH(open_by_handle_at, Fds(), List<file_handle*>{reinterpret_cast<file_handle*>(Bad())}, List<int>{O_RDONLY});
  EACH(dup, Fds());
  EACH(dup2, Fds(), List<int>{-1, 700, 1 << 30});
  EACH(__dup2, Fds(), List<int>{-1, 700, 1 << 30});
  EACH(dup3, Fds(), List<int>{-1, 700, kClosed}, flags);
  const List<int> commands = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_GETLK, F_GETPIPE_SZ, 9999};
  EACH(fcntl, Fds(), commands, List<long>{0, 750, -1});
  EACH(fcntl64, Fds(), commands, List<long>{0, 750, -1});
  EACH(__fcntl, Fds(), commands, List<long>{0, 750, -1});
  EACH(ioctl, Fds(), List<unsigned long>{FIONREAD, TCGETS, TIOCGPTPEER, 0}, Memory());
  EACH(posix_openpt, List<int>{-1});
  EACH_NUMBER(pipe2, pairs, flags);
  EACH_NUMBER(dup, Fds());
  EACH_NUMBER(dup2, Fds(), List<int>{-1, 700});
  EACH_NUMBER(dup3, Fds(), List<int>{-1, 700}, flags);
  EACH_NUMBER(fcntl, Fds(), commands, List<long>{0, 750});
  EACH_NUMBER(socket, List<int>{AF_UNIX, 99}, List<int>{SOCK_STREAM, 99}, List<int>{0});
  EACH_NUMBER(epoll_create1, flags);
  EACH_NUMBER(eventfd2, List<unsigned>{0}, flags);
}

void ReadAndWrite() {
  const List<size_t> sizes = {0, 8};
  const List<off_t> offsets = {0, 3, -1};
  const List<const iovec*> parts = {&g_part, &g_bad_part, reinterpret_cast<iovec*>(Bad())};
  const List<int> counts = {0, 1, -1};
#define BOTH(name, ...) EACH(name, Fds(), Memory(), sizes __VA_OPT__(, ) __VA_ARGS__)
  BOTH(read);
  BOTH(__read);
  BOTH(pread, offsets);
  BOTH(pread64, offsets);
  BOTH(__pread64, offsets);
  BOTH(write);
  BOTH(__write);
  BOTH(pwrite, offsets);
  BOTH(pwrite64, offsets);
  BOTH(__pwrite64, offsets);
  const List<size_t> rooms = {64};
  BOTH(__read_chk, rooms);
  BOTH(__pread_chk, offsets, rooms);
  BOTH(__pread64_chk, offsets, rooms);
  const List<int> flags = {MSG_DONTWAIT | MSG_NOSIGNAL, -1};
  BOTH(send, flags);
  BOTH(__send, flags);
  BOTH(recv, List<int>{MSG_DONTWAIT});
  BOTH(__recv_chk, rooms, List<int>{MSG_DONTWAIT});
  BOTH(sendto, flags, List<const sockaddr*>{nullptr, reinterpret_cast<sockaddr*>(Bad())}, List<socklen_t>{0, 16});
  BOTH(recvfrom, List<int>{MSG_DONTWAIT}, List<sockaddr*>{nullptr}, List<socklen_t*>{nullptr});
  BOTH(__recvfrom_chk, rooms, List<int>{MSG_DONTWAIT}, List<sockaddr*>{nullptr}, List<socklen_t*>{nullptr});
#undef BOTH
  EACH(readv, Fds(), parts, counts);
  EACH(writev, Fds(), parts, counts);
  EACH(preadv, Fds(), parts, counts, offsets);
  EACH(preadv64, Fds(), parts, counts, offsets);
  EACH(pwritev, Fds(), parts, counts, offsets);
  EACH(pwritev64, Fds(), parts, counts, offsets);
  EACH(preadv2, Fds(), parts, counts, offsets, List<int>{0, -1});
  EACH(preadv64v2, Fds(), parts, counts, offsets, List<int>{0, -1});
  EACH(pwritev2, Fds(), parts, counts, offsets, List<int>{0, -1});
  EACH(pwritev64v2, Fds(), parts, counts, offsets, List<int>{0, -1});
  EACH(sendfile, Fds(), Fds(), List<off_t*>{nullptr, reinterpret_cast<off_t*>(Bad())}, sizes);
  EACH(sendfile64, Fds(), Fds(), List<off64_t*>{nullptr}, sizes);
  const List<off64_t*> nowhere = {nullptr, reinterpret_cast<off64_t*>(Bad())};
  EACH(copy_file_range, Fds(), nowhere, Fds(), nowhere, sizes, List<unsigned>{0, 1});
  EACH(splice, Fds(), nowhere, Fds(), nowhere, sizes, List<unsigned>{SPLICE_F_NONBLOCK});
  EACH(tee, Fds(), Fds(), sizes, List<unsigned>{SPLICE_F_NONBLOCK});
  EACH(sendmsg, Fds(), List<const msghdr*>{reinterpret_cast<msghdr*>(Bad()), nullptr}, flags);
  EACH(recvmsg, Fds(), List<msghdr*>{reinterpret_cast<msghdr*>(Bad()), nullptr}, List<int>{MSG_DONTWAIT});
  EACH(sendmmsg, Fds(), List<mmsghdr*>{reinterpret_cast<mmsghdr*>(Bad())}, List<unsigned>{0, 1}, flags);
  EACH(recvmmsg, Fds(), List<mmsghdr*>{reinterpret_cast<mmsghdr*>(Bad())}, List<unsigned>{0, 1},
       List<int>{MSG_DONTWAIT}, List<timespec*>{nullptr});
  EACH_NUMBER(read, Fds(), Memory(), sizes);
  EACH_NUMBER(write, Fds(), Memory(), sizes);
  EACH_NUMBER(sendmsg, Fds(), List<const msghdr*>{reinterpret_cast<msghdr*>(Bad())}, flags);
  EACH_NUMBER(recvmsg, Fds(), List<msghdr*>{reinterpret_cast<msghdr*>(Bad())}, List<int>{MSG_DONTWAIT});
}

void ChangeFiles() {
  const List<off_t> sizes = {10, -1};
  EACH(lseek, Fds(), List<off_t>{0, -1}, List<int>{SEEK_SET, SEEK_END, 99});
  EACH(lseek64, Fds(), List<off_t>{0, -1}, List<int>{SEEK_SET, SEEK_END, 99});
  EACH(__lseek, Fds(), List<off_t>{0, -1}, List<int>{SEEK_SET, SEEK_END, 99});
  EACH(ftruncate, Fds(), sizes);
  EACH(ftruncate64, Fds(), sizes);
  EACH(truncate, Paths(), sizes);
  EACH(truncate64, Paths(), sizes);
  EACH(fallocate, Fds(), List<int>{0, -1}, List<off_t>{0}, sizes);
  EACH(fallocate64, Fds(), List<int>{0, -1}, List<off_t>{0}, sizes);
  EACH(posix_fallocate, Fds(), List<off_t>{0}, sizes);
  EACH(posix_fallocate64, Fds(), List<off_t>{0}, sizes);
  EACH(fsync, Fds());
  EACH(fdatasync, Fds());
  EACH(msync, List<void*>{nullptr, Bad()}, List<size_t>{0, 4096}, List<int>{MS_ASYNC, -1});
  EACH(connect, Fds(), List<const sockaddr*>{reinterpret_cast<sockaddr*>(Bad()), reinterpret_cast<sockaddr*>(g_bytes)},
       List<socklen_t>{0, 16});
  EACH(__connect, Fds(), List<const sockaddr*>{reinterpret_cast<sockaddr*>(Bad())}, List<socklen_t>{0, 16});
  EACH(bind, Fds(), List<const sockaddr*>{reinterpret_cast<sockaddr*>(Bad()), reinterpret_cast<sockaddr*>(g_bytes)},
       List<socklen_t>{0, 16});
  EACH(listen, List<int>{-1, kClosed, kNull, kFile, kPipe, kListener}, List<int>{1});
  EACH(shutdown, List<int>{-1, kClosed, kNull, kFile, kPipe, kSocket}, List<int>{SHUT_RD, 99});
  EACH(epoll_ctl, Fds(), List<int>{EPOLL_CTL_ADD, EPOLL_CTL_DEL, 99}, Fds(),
       List<epoll_event*>{nullptr, reinterpret_cast<epoll_event*>(g_bytes)});
  EACH(inotify_add_watch, Fds(), Paths(), List<uint32_t>{0, IN_CREATE});
  EACH(fchdir, List<int>{-1, kClosed, kNull, kFile, kDirectory});
  EACH(chdir, List<const char*>{".", "", "plain", "loop", "none", Bad(), nullptr});
}

void Names() {
  const List<mode_t> modes = {0700};
  const List<dev_t> devices = {0};
  const List<const char*> others = {"made", "none/x", ".", "", Bad()};
  EACH(unlink, List<const char*>{"made", "none/x", "plain/x", ".", "loop/x", "", Bad(), nullptr});
  EACH(unlinkat, Directories(), List<const char*>{"made", "none/x", ".", "", Bad()}, List<int>{0, AT_REMOVEDIR, -1});
  EACH(remove, List<const char*>{"made", "none/x", "plain/x", "."});
  EACH(shm_unlink, List<const char*>{"/call-results-none", "a/b"});
  EACH(sem_unlink, List<const char*>{"/call-results-none", "a/b"});
  EACH(rename, others, others);
  EACH(renameat, Directories(), others, Directories(), others);
  EACH(renameat2, Directories(), others, Directories(), others, List<unsigned>{0, RENAME_EXCHANGE, ~0u});
  EACH(link, Paths(), others);
  EACH(linkat, Directories(), Paths(), Directories(), others, List<int>{0, -1});
  EACH(mkdir, Paths(), modes);
  EACH(mkdirat, Directories(), Paths(), modes);
  EACH(mknod, Paths(), List<mode_t>{S_IFREG | 0600, S_IFMT}, devices);
  EACH(mknodat, Directories(), Paths(), List<mode_t>{S_IFREG | 0600, S_IFMT}, devices);
  EACH(mkfifo, Paths(), modes);
  EACH(mkfifoat, Directories(), Paths(), modes);
  EACH(symlink, Paths(), others);
  EACH(symlinkat, List<const char*>{"x", "", Bad()}, Directories(), Paths());
  EACH_NUMBER(unlink, List<const char*>{"made", "none/x", Bad()});
  EACH_NUMBER(mkdir, Paths(), modes);
  EACH_NUMBER(rename, others, others);
}

void Streams() {
  const List<const char*> modes = {"r", "w", "r+", "rx", "z", ""};
  EACH(fopen, ReadablePaths(), modes);
  EACH(fopen64, ReadablePaths(), modes);
  EACH(_IO_fopen, ReadablePaths(), modes);
  EACH(fopen, List<const char*>{Bad(), nullptr}, List<const char*>{"r", "w"});
  EACH(opendir, ReadablePaths());
  EACH(fdopen, Fds(), modes);
  EACH(_IO_fdopen, Fds(), modes);
  EACH(fdopendir, List<int>{-1, kClosed, kNull, kFile});
  EACH(setmntent, ReadablePaths(), List<const char*>{"r"});
  ONE("freopen", freopen("none/x", "r", fopen("plain", "r")));
  ONE("freopen64", freopen64("none/x", "r", fopen("plain", "r")));
  ONE("fclose", fclose(fopen("plain", "r")));
  ONE("pclose", pclose(popen("exit 3", "r")));
  ONE("popen", popen("true", "z"));
  ONE("closedir", closedir(opendir(".")));
  ONE("tmpfile", tmpfile());
  ONE("fflush", fflush(nullptr));
}

void CloseAndRun() {
  EACH(close, List<int>{-1, kClosed, 1 << 30});
  EACH(__close, List<int>{-1, kClosed});
  EACH_NUMBER(close, List<int>{-1, kClosed});
  EACH(close_range, List<unsigned>{600, 700}, List<unsigned>{0, 650}, List<int>{0, CLOSE_RANGE_CLOEXEC, -1});
  EACH(mq_close, List<int>{-1, kClosed, kNull});
  EACH(login_tty, List<int>{-1, kClosed});
  static char* words[] = {g_bytes, nullptr};
  char* const* const bad_words = reinterpret_cast<char* const*>(Bad());
  const List<const char*> programs = {"none/x", "plain", ".", "", "/none"};
  const List<char* const*> arguments = {words};
  const List<char* const*> environments = {environ, bad_words, nullptr};
  EACH(execv, programs, arguments);
  EACH(execve, List<const char*>{"none/x", "plain", ".", "", Bad(), nullptr}, List<char* const*>{words, bad_words},
       environments);
  EACH(execvp, programs, arguments);
  EACH(execvpe, programs, arguments, List<char* const*>{environ});
  EACH(fexecve, Fds(), arguments, List<char* const*>{environ});
  EACH(execveat, Directories(), List<const char*>{"none/x", "plain", ".", Bad()}, arguments, environments,
       List<int>{0, AT_EMPTY_PATH, -1});
  static pid_t pid;
  EACH(posix_spawn, List<pid_t*>{&pid}, programs, List<const posix_spawn_file_actions_t*>{nullptr},
       List<const posix_spawnattr_t*>{nullptr}, arguments, List<char* const*>{environ});
  EACH(posix_spawnp, List<pid_t*>{&pid}, programs, List<const posix_spawn_file_actions_t*>{nullptr},
       List<const posix_spawnattr_t*>{nullptr}, arguments, List<char* const*>{environ});
  EACH(system, List<const char*>{"exit 7", "no-such-command 2>/dev/null", nullptr});
  EACH_NUMBER(execve, List<const char*>{"none/x", Bad()}, arguments, environments);
  static stack_t stack = {g_bytes, 0, 1};
  EACH(sigaltstack, List<const stack_t*>{nullptr, &stack, reinterpret_cast<stack_t*>(Bad())},
       List<stack_t*>{nullptr, reinterpret_cast<stack_t*>(Bad())});
  EACH(prctl, List<int>{PR_GET_DUMPABLE, 9999}, List<long>{0});
}

// The kernel's calls that the lists above do not have, by number.
void TheRestByNumber() {
  const List<long> first = {-1, kClosed, kNull, kDirectory, kFile, kPipe, reinterpret_cast<long>(Bad())};
  const List<long> second = {0, kFile, reinterpret_cast<long>(Bad())};
  const List<long> third = {0, 8, -1};
  const List<long> fourth = {0, reinterpret_cast<long>(Bad())};
#define ANY(name) EACH_NUMBER(name, first, second, third, fourth)
  ANY(accept), ANY(accept4), ANY(bind), ANY(connect), ANY(listen), ANY(shutdown), ANY(socketpair), ANY(sendto),
      ANY(recvfrom);
  ANY(recvmmsg), ANY(sendmmsg), ANY(copy_file_range), ANY(splice), ANY(tee), ANY(sendfile), ANY(lseek), ANY(pread64);
  ANY(pwrite64), ANY(readv), ANY(writev), ANY(preadv), ANY(pwritev), ANY(preadv2), ANY(pwritev2), ANY(fallocate),
      ANY(fsync);
  ANY(fdatasync), ANY(ftruncate), ANY(truncate), ANY(msync), ANY(mkdirat), ANY(mknod), ANY(mknodat), ANY(symlink);
  ANY(symlinkat), ANY(link), ANY(linkat), ANY(unlinkat), ANY(renameat), ANY(renameat2), ANY(openat2),
      ANY(open_by_handle_at);
  ANY(open_tree), ANY(fsopen), ANY(fspick), ANY(fsmount), ANY(mq_open), ANY(signalfd), ANY(signalfd4),
      ANY(timerfd_create);
  ANY(inotify_init1), ANY(inotify_add_watch), ANY(epoll_create), ANY(epoll_ctl), ANY(eventfd), ANY(pidfd_getfd),
      ANY(pipe);
  ANY(fanotify_init), ANY(io_uring_setup), ANY(userfaultfd), ANY(perf_event_open), ANY(bpf),
      ANY(landlock_create_ruleset);
  ANY(memfd_create), ANY(ioctl), ANY(close_range), ANY(execveat);
#undef ANY
}

}  // namespace

template <typename Select>
void Selects(const char* name, Select select) {
  const auto with_set = [&](int count, int fd) {
    fd_set set;
    FD_ZERO(&set);
    if (fd >= 0) FD_SET(fd, &set);
    return select(count, &set);
  };
  Each(name, "", with_set, List<int>{-1, 0, 8, 991, FD_SETSIZE}, List<int>{-1, kFile, kSocket, kClosed});
  Each(
      name, " bad", [&](int count) { return select(count, reinterpret_cast<fd_set*>(Bad())); },
      List<int>{0, 8, FD_SETSIZE, 2000});
}

void MapAndWait() {
  const List<void*> anywhere = {nullptr};
  const List<size_t> sizes = {0, 4096, ~size_t{0}};
  const List<int> protections = {PROT_READ, PROT_READ | PROT_WRITE};
  const List<int> flags = {MAP_PRIVATE, MAP_SHARED, MAP_SHARED | MAP_ANONYMOUS, 0};
  EACH(mmap, anywhere, sizes, protections, flags, Fds(), List<off_t>{0, 1});
  EACH(mmap64, anywhere, sizes, protections, flags, Fds(), List<off64_t>{0, 1});
  EACH(munmap, List<void*>{nullptr, Bad()}, sizes);
  Selects("select", [](int count, fd_set* set) {
    timeval none = {};
    return select(count, set, nullptr, nullptr, &none);
  });
  Selects("__select", [](int count, fd_set* set) {
    timeval none = {};
    return __select(count, nullptr, set, nullptr, &none);
  });
  Selects("pselect", [](int count, fd_set* set) {
    const timespec none = {};
    return pselect(count, nullptr, nullptr, set, &none, nullptr);
  });
  EACH(__fdelt_chk, List<long>{0, 64, FD_SETSIZE - 1});
  EACH(__fdelt_warn, List<long>{0, 64, FD_SETSIZE - 1});
}

// What is told of SIGBUS is what was set, though writable files are mapped.
void Signals() {
  const List<int> numbers = {SIGBUS, SIGUSR1, SIGKILL, 0, 999, -1};
  const List<sighandler_t> handlers = {SIG_DFL, SIG_IGN, [](int) {}, SIG_DFL};
  EACH(signal, numbers, handlers);
  EACH(bsd_signal, numbers, handlers);
  EACH(ssignal, numbers, handlers);
  EACH(sysv_signal, numbers, handlers);
  EACH(__sysv_signal, numbers, handlers);
  EACH(sigset, numbers, handlers);
  EACH(sigignore, numbers);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before = {};
  const List<const struct sigaction*> actions = {nullptr, &ignore};
  const List<struct sigaction*> befores = {nullptr, &before};
  EACH(sigaction, numbers, actions, befores);
  EACH(__sigaction, numbers, actions, befores);
}

void MakeAllCalls() {
  alarm(60);
  signal(SIGPIPE, SIG_IGN);
  Stand();
  OpenFiles();
  MakeDescriptors();
  ReadAndWrite();
  ChangeFiles();
  Names();
  Streams();
  MapAndWait();
  Signals();
  CloseAndRun();
  TheRestByNumber();
  _exit(0);
}

}  // namespace fdtrace

int main() { fdtrace::MakeAllCalls(); }
