// A program that leaks a descriptor by every creator of the table, each in a function of its own, and opens and closes
// by every closer. `every_function NAME…` runs the rows named, `every_function` all of them, and prints for each what
// it left open:
//
//   leak open 1          leak_open() left 1 open
//   cannot bpf EPERM     the machine does not let it
//   open 214             at the end, by /proc/self/fd, beyond what there was at the start
#include "tests/every_function.h"

#include <fcntl.h>
#include <link.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#include "interposer/rows.h"
#include "interposer/undeclared.h"

extern "C" {
void _IO_init(FILE*, int);
extern char _IO_file_jumps[];
}

namespace fdtrace {
namespace {

std::string g_directory;  // for files that rows make; removed by the test

char* Named(const char* suffix) {
  static int count = 0;
  static std::vector<std::string*> names;
  names.push_back(new std::string(g_directory + "/" + std::to_string(++count) + suffix));
  return names.back()->data();
}
char* Scratch() { return Named(""); }
char* MadeFile() {
  char* const path = Scratch();
  close(creat(path, 0600));
  return path;
}
char* Pattern(const char* suffix) { return (new std::string(Named("-XXXXXX") + std::string(suffix)))->data(); }
bool StaysInDirectory() {
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  const bool stayed = fchdir(here) == 0;
  return close(here) == 0 && stayed;
}
bool CreatesWithMode(mode_t mode) {
  const int fd = openat(AT_FDCWD, Scratch(), O_RDWR | O_CREAT, mode);
  struct stat status = {};
  return fstat(fd, &status) == 0 && (status.st_mode & 07777) == mode;
}
constexpr int kClosed = 990;
bool Refused(long result) { return result == -1 && errno == EBADF; }
char* Bytes() {
  static char bytes[1];
  return bytes;
}
iovec* Part() {
  static iovec part = {Bytes(), 1};
  return &part;
}
sockaddr* Nowhere() {
  static sockaddr address = {};
  return &address;
}
template <typename Write>
bool WritesStream(Write write) {
  FILE* const stream = fopen("/dev/null", "w");
  const bool wrote = write(stream);
  return fclose(stream) == 0 && wrote;
}
template <typename Map, typename Unmap>
bool MapsFile(Map map, Unmap unmap) {
  constexpr size_t kBytes = 4096;
  const int fd = open(MadeFile(), O_RDWR);
  const bool is_long = ftruncate(fd, kBytes) == 0;
  void* const mapped = map(kBytes, fd);
  return is_long && mapped != MAP_FAILED && unmap(mapped, kBytes) == 0 && close(fd) == 0;
}
template <typename Action>
sighandler_t SetAction(Action action, sighandler_t handler) {
  struct sigaction now = {};
  struct sigaction before = {};
  now.sa_handler = handler;
  return action(SIGBUS, &now, &before) == 0 ? before.sa_handler : SIG_ERR;
}
// What was set before is what is told, though a file may be mapped.
template <typename Handle>
bool HandlesBus(Handle handle) {
  const auto handler = [](int) {};
  return handle(handler) == SIG_DFL && handle(SIG_DFL) == handler;
}
template <typename Select>
bool SelectsReadable(Select select) {
  const int fd = open("/dev/null", O_RDONLY);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  timeval wait = {};
  const bool selected = select(fd + 1, &set, &wait) == 1 && FD_ISSET(fd, &set);
  return close(fd) == 0 && selected;
}
int* Pair() { return new int[2]; }
int File() { return open("/dev/null", O_RDONLY); }
FILE* Stream() { return fopen("/dev/null", "r"); }
int* ReservedPort() { return new int(IPPORT_RESERVED - 1); }
char** WalkPaths() {
  return new char* [2] { const_cast<char*>("/proc/self/fdinfo"), nullptr };
}
const char* SharedName() {
  static const std::string name = "/fdtrace-test-" + std::to_string(getpid());
  return name.c_str();
}
sigset_t* Signals() {
  static sigset_t none;
  sigemptyset(&none);
  return &none;
}

// A FILE as fopen has it before it opens the file: libc's first versions of libstdc++ did so.
FILE* UnopenedStream() {
  auto* const room = static_cast<char*>(calloc(1, 1024));
  auto* const stream = reinterpret_cast<FILE*>(room);
  _IO_init(stream, 0);
  stream->_fileno = -1;
  stream->_lock = reinterpret_cast<_IO_lock_t*>(calloc(1, 64));
  *reinterpret_cast<void**>(room + sizeof(FILE)) = _IO_file_jumps;
  return stream;
}

template <typename Open>
bool OpenByHandle(Open open_it) {
  alignas(file_handle) char room[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* const handle = reinterpret_cast<file_handle*>(room);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  const int directory = open(g_directory.c_str(), O_RDONLY | O_DIRECTORY);
  const bool opened = name_to_handle_at(AT_FDCWD, g_directory.c_str(), handle, &mount_id, 0) == 0 &&
                      open_it(directory, handle, O_RDONLY) >= 0;
  const int saved = errno;
  close(directory);
  errno = saved;
  return opened;
}

template <typename Get>
bool GetOwnDescriptor(Get get) {
  const int self = pidfd_open(getpid(), 0);
  const bool got = get(self, 0, 0) >= 0;
  const int saved = errno;
  close(self);
  errno = saved;
  return got;
}

bool Connected(Row row) {
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  socklen_t length = sizeof(sa_family_t);  // autobind: an abstract name of the kernel's choice
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  bool good = bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 && listen(listener, 1) == 0;
  length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  good = good && connect(client, reinterpret_cast<sockaddr*>(&address), length) == 0;
  long server = -1;
  if (row == Row::accept) server = accept(listener, nullptr, nullptr);
  if (row == Row::accept4) server = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (row == Row::syscall_accept) server = syscall(SYS_accept, listener, nullptr, nullptr);
  if (row == Row::syscall_accept4) server = syscall(SYS_accept4, listener, nullptr, nullptr, 0);
  close(listener);
  close(client);
  return good && server >= 0;
}

template <typename Send>
bool SendTwoBy(Send send, int to) {
  char byte = 'x';
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(2 * sizeof(int));
  const int fds[2] = {0, 0};
  memcpy(CMSG_DATA(header), fds, sizeof fds);
  return send(to, &message, 0) == 1;
}
bool SendTwo(int to) { return SendTwoBy(sendmsg, to); }

// Nobody receives them.
template <typename Send>
bool SendsTwo(Send send) {
  int ends[2];
  const bool good = socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && SendTwoBy(send, ends[0]);
  close(ends[0]);
  close(ends[1]);
  return good;
}
template <typename Send>
bool SendsTwoAtOnce(Send send) {
  return SendsTwo([send](int to, const msghdr* message, int flags) {
    mmsghdr messages[1] = {};
    messages[0].msg_hdr = *message;
    return send(to, messages, 1, flags);
  });
}

bool ReceiveTwo(Row row) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || !SendTwo(ends[0])) return false;
  char byte;
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  mmsghdr message = {};
  message.msg_hdr.msg_iov = &part;
  message.msg_hdr.msg_iovlen = 1;
  message.msg_hdr.msg_control = control;
  message.msg_hdr.msg_controllen = sizeof control;
  long got = -1;
  if (row == Row::recvmsg) got = recvmsg(ends[1], &message.msg_hdr, 0);
  if (row == Row::recvmmsg) got = recvmmsg(ends[1], &message, 1, 0, nullptr);
  if (row == Row::syscall_recvmsg) got = syscall(SYS_recvmsg, ends[1], &message.msg_hdr, 0);
  if (row == Row::syscall_recvmmsg) got = syscall(SYS_recvmmsg, ends[1], &message, 1, 0, nullptr);
  close(ends[0]);
  close(ends[1]);
  return got == 1;
}

// As much of a remote shell's server as its clients wait for: a zero byte says yes.
pid_t ServeOneShell(int listener) {
  const pid_t child = fork();
  if (child != 0) return child;
  const int connection = accept(listener, nullptr, nullptr);
  char text[256];
  const bool good = write(connection, "", 1) == 1;
  while (read(connection, text, sizeof text) > 0) {
  }
  close(connection);
  _exit(good ? 7 : 1);
}

bool RunsRemotely(Row row) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 1) != 0) return false;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  ServeOneShell(listener);
  close(listener);
  char* host = strdup("127.0.0.1");
  int fd = -1;
  if (row == Row::rcmd) fd = rcmd(&host, address.sin_port, "nobody", "nobody", "true", nullptr);
  if (row == Row::rcmd_af) fd = rcmd_af(&host, address.sin_port, "nobody", "nobody", "true", nullptr, AF_INET);
  if (row == Row::rexec) fd = rexec(&host, address.sin_port, "nobody", "nobody", "true", nullptr);
  if (row == Row::rexec_af) fd = rexec_af(&host, address.sin_port, "nobody", "nobody", "true", nullptr, AF_INET);
  return fd >= 0;
}

// A system log: the machine's, or, where there is none, a socket under that name in a namespace of our own, served by a
// child that ends with us.
bool HaveLog() {
  if (access("/dev/log", W_OK) == 0) return true;
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", "/dev", "tmpfs", 0, nullptr) != 0) {
    return false;
  }
  const int server = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  strcpy(address.sun_path, "/dev/log");
  const bool bound = bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  const pid_t us = getpid();
  if (bound && fork() == 0) {
    closefrom(server + 1);
    while (getppid() == us) usleep(10'000);
    _exit(0);
  }
  return close(server) == 0 && bound;
}

template <typename Log>
bool LogList(Log log, int level, const char* format, ...) {
  va_list rest;
  va_start(rest, format);
  log(level, format, rest);
  va_end(rest);
  return true;
}

bool Reap(pid_t child) {
  if (child == 0) _exit(7);
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

bool ChildExits(Row row) {
  const pid_t child = fork();
  if (child == 0) {
    close(File());
    if (row == Row::_exit) _exit(7);
    if (row == Row::_Exit) _Exit(7);
    if (row == Row::syscall_exit_group) syscall(SYS_exit_group, 7);
  }
  return Reap(child);
}

// The child runs in our memory: what it closes there must stay open here.
bool VforkChildCloses(Row row) {
  const int fd = File();
  const pid_t child = row == Row::vfork ? vfork() : __vfork();
  if (child == 0) {
    close(fd);
    dup2(0, 850);
    close(850);
    _exit(7);
  }
  return Reap(child) && fcntl(fd, F_GETFD) >= 0 && fcntl(850, F_GETFD) == -1 && close(fd) == 0;
}

int CloseAndExit(void* fd) {
  close(*static_cast<int*>(fd));
  _exit(7);
}

bool ClonedChildCloses() {
  int fd = File();
  alignas(16) static char stack[65536];
  const pid_t child = clone(CloseAndExit, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &fd);
  return Reap(child) && fcntl(fd, F_GETFD) >= 0 && close(fd) == 0;
}

char* const* ShellWords() {
  static char* words[] = {const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>("exit 7"), nullptr};
  return words;
}

bool ChildRuns(Row row) {
  const pid_t child = fork();
  if (child != 0) return Reap(child);
  char* none[] = {nullptr};
  const int shell = open("/bin/sh", O_PATH | O_CLOEXEC);
  char* const* const words = ShellWords();
  if (row == Row::execve) execve("/bin/sh", words, none);
  if (row == Row::execv) execv("/bin/sh", words);
  if (row == Row::execvp) execvp("sh", words);
  if (row == Row::execvpe) execvpe("sh", words, none);
  if (row == Row::execl) execl("/bin/sh", "sh", "-c", "exit 7", nullptr);
  if (row == Row::execlp) execlp("sh", "sh", "-c", "exit 7", nullptr);
  if (row == Row::execle) execle("/bin/sh", "sh", "-c", "exit 7", nullptr, none);
  if (row == Row::fexecve) fexecve(shell, words, none);
  if (row == Row::execveat) execveat(shell, "", words, none, AT_EMPTY_PATH);
  if (row == Row::syscall_execve) syscall(SYS_execve, "/bin/sh", words, none);
  if (row == Row::syscall_execveat) syscall(SYS_execveat, shell, "", words, none, AT_EMPTY_PATH);
  _exit(1);
}

template <typename Spawn>
bool Spawns(Spawn spawn) {
  pid_t child = -1;
  return spawn(&child, "/bin/sh", nullptr, nullptr, ShellWords(), environ) == 0 && Reap(child);
}

bool DaemonLeavesNothing() {
  const pid_t child = fork();
  if (child == 0) {
    close(File());
    const bool good = daemon(1, 0) == 0;  // the parent ends inside
    _exit(good ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

bool ForkTerminal() {
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, nullptr);
  if (child < 0) return false;
  return Reap(child) && master >= 0;
}

template <typename Ioctl>
bool PeerTerminal(Ioctl call) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  const bool good = master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 && call(master) >= 0;
  const int saved = errno;
  close(master);
  errno = saved;
  return good;
}
bool OpenPeerTerminal() {
  return PeerTerminal([](int master) { return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY); });
}
bool OpenPeerTerminalBySyscall() {
  return PeerTerminal([](int master) { return syscall(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY); });
}

bool LoginTerminal() {
  const pid_t child = fork();
  if (child == 0) {
    int master = -1;
    int slave = -1;
    signal(SIGHUP, SIG_IGN);  // what the master's close sends
    const bool good = openpty(&master, &slave, nullptr, nullptr, nullptr) == 0 && login_tty(slave) == 0;
    close(master);
    _exit(good ? 7 : 1);
  }
  return Reap(child);
}

bool SignalDescriptorChangedOnce() {
  const int fd = signalfd(-1, Signals(), 0);
  return fd >= 0 && signalfd(fd, Signals(), 0) == fd;
}

bool OpenExistingQueue() {
  const mqd_t made = mq_open(SharedName(), O_RDWR | O_CREAT, 0600, nullptr);
  if (made < 0) return false;
  const bool good = __mq_open_2(SharedName(), O_RDWR) >= 0;
  mq_unlink(SharedName());
  return mq_close(made) == 0 && good;
}

bool CloseQueue() {
  const mqd_t queue = mq_open(SharedName(), O_RDWR | O_CREAT, 0600, nullptr);
  if (queue < 0) return false;
  mq_unlink(SharedName());
  return mq_close(queue) == 0;
}

template <typename Mount>
bool Detached(Mount mount) {
  const int context = fsopen("tmpfs", 0);
  if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return false;
  const bool good = mount(context) >= 0;
  const int saved = errno;
  close(context);
  errno = saved;
  return good;
}
bool MountDetached() {
  return Detached([](int context) { return fsmount(context, 0, 0); });
}
bool MountDetachedBySyscall() {
  return Detached([](int context) { return syscall(SYS_fsmount, context, 0, 0); });
}

void* HowToOpen() { return new uint64_t[3]{O_RDONLY, 0, 0}; }
io_uring_params* RingParameters() { return new io_uring_params{}; }

perf_event_attr* CounterAttributes() {
  auto* const attributes = new perf_event_attr{};
  attributes->type = PERF_TYPE_SOFTWARE;
  attributes->size = sizeof *attributes;
  attributes->config = PERF_COUNT_SW_TASK_CLOCK;
  return attributes;
}

bool MakeBpfMap() {
  bpf_attr attributes = {};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
}

bool MakeRuleset() {
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
    return false;  // no descriptor
  landlock_ruleset_attr attributes = {};
  attributes.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE;
  return syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0) >= 0;
}

bool ListenToSeccomp() {
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  sock_fprog program = {1, &allow};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0;
}

}  // namespace

// Each row's own function, whose name the report must show.
#define EXERCISE(name, expression)                                         \
  extern "C" __attribute__((noinline)) bool leak_##name() {                \
    const bool done = (expression);                                        \
    __asm__ volatile("" ::: "memory"); /* no tail call: the frame stays */ \
    return done;                                                           \
  }
#define LEAKS(name, count, ...) EXERCISE(name, (__VA_ARGS__))
#define LEAKS_HERE(name, count, ...) EXERCISE(name, (__VA_ARGS__))
#define TIDY(name, ...) EXERCISE(name, (__VA_ARGS__))
#define TIDY_HERE(name, ...) EXERCISE(name, (__VA_ARGS__))
#define SYSCALL_LEAKS(name, count, ...) EXERCISE(syscall_##name, (__VA_ARGS__))
#define SYSCALL_LEAKS_HERE(name, count, ...) EXERCISE(syscall_##name, (__VA_ARGS__))
#define SYSCALL_TIDY(name, ...) EXERCISE(syscall_##name, (__VA_ARGS__))
#include "tests/every_function.inc"
#undef LEAKS
#undef LEAKS_HERE
#undef TIDY
#undef TIDY_HERE
#undef SYSCALL_LEAKS
#undef SYSCALL_LEAKS_HERE
#undef SYSCALL_TIDY

namespace {

template <Row>
constexpr Exercise kExercise = {};  // a row of the table without one here fails below

#define OF_ROW(row, function_name, count, here)                                                                     \
  template <>                                                                                                       \
  constexpr Exercise kExercise<Row::row> = {kRows[static_cast<size_t>(Row::row)].name(), "leak_" #row, count, here, \
                                            function_name};
#define LEAKS(name, count, ...) OF_ROW(name, leak_##name, count, false)
#define LEAKS_HERE(name, count, ...) OF_ROW(name, leak_##name, count, true)
#define TIDY(name, ...) OF_ROW(name, leak_##name, 0, false)
#define TIDY_HERE(name, ...) OF_ROW(name, leak_##name, 0, true)
#define SYSCALL_LEAKS(name, count, ...) OF_ROW(syscall_##name, leak_syscall_##name, count, false)
#define SYSCALL_LEAKS_HERE(name, count, ...) OF_ROW(syscall_##name, leak_syscall_##name, count, true)
#define SYSCALL_TIDY(name, ...) OF_ROW(syscall_##name, leak_syscall_##name, 0, false)
#include "tests/every_function.inc"

template <size_t... Rows>
std::vector<Exercise> Collect(std::index_sequence<Rows...>) {
  static_assert(((kExercise<static_cast<Row>(Rows)>.run != nullptr) && ...),
                "a row of interposer/interposed_*.inc has no row in tests/every_function.inc");
  return {kExercise<static_cast<Row>(Rows)>...};
}

int OpenNow() {
  int count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count - 3;  // ".", ".." and the directory itself
}

}  // namespace

const std::vector<Exercise>& EveryFunction() {
  static const std::vector<Exercise> all = Collect(std::make_index_sequence<kRowCount>());
  return all;
}

}  // namespace fdtrace

int fdtrace::RunRows(int count, char** names) {
  const char* const directory = getenv("EVERY_FUNCTION_DIRECTORY");
  g_directory = directory == nullptr ? "/tmp" : directory;
  const std::set<std::string> wanted(names + 1, names + count);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const int before = OpenNow();
  for (const Exercise& exercise : EveryFunction()) {
    if (!wanted.empty() && !wanted.contains(exercise.call)) continue;
    errno = 0;
    const bool done = exercise.run();
    const int error = errno;
    printf("%s %s %d\n", done ? "leak" : "cannot", exercise.call, done ? exercise.leaks : error);
  }
  printf("open %d\n", OpenNow() - before);
  return 0;
}
