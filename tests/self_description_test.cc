// What an image tells of itself must be what /proc shows of it. The teller is the interposer's own code, in a child.
#include "interposer/self_description.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "collector/session_look.h"
#include "proto/image.pb.h"

namespace fdtrace {
namespace {

// Main's arguments as they were before gtest took its own away.
std::vector<char*> g_arguments;  // NOLINT: filled before main
__attribute__((constructor)) void KeepArguments(int count, char** arguments) {
  g_arguments.assign(arguments, arguments + count + 1);
}

// A process of its own that has told of itself, and waits until this object goes.
class Teller {
 public:
  // Told while it has what PREPARE gave it, and the numbers 0 to 2.
  explicit Teller(const std::function<void()>& prepare, bool knows_arguments = true) {
    int answer[2];
    if (pipe2(answer, O_CLOEXEC) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      alarm(60);
      const int far = fcntl(answer[1], F_DUPFD_CLOEXEC, 1000);
      close_range(3, 999, 0);
      prepare();
      // Told without the pipe, through which it is sent: by another process that has all but that.
      auto* const shared = static_cast<unsigned char*>(
          mmap(nullptr, kMaxImageBytes + sizeof(size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
      const pid_t inner = fork();
      if (inner == 0) {
        alarm(60);
        close(far);
        const size_t bytes = DescribeImage({shared, kMaxImageBytes}, knows_arguments ? g_arguments.data() : nullptr);
        memcpy(shared + kMaxImageBytes, &bytes, sizeof bytes);
        raise(SIGSTOP);
        _exit(0);
      }
      waitpid(inner, nullptr, WUNTRACED);
      size_t bytes = 0;
      memcpy(&bytes, shared + kMaxImageBytes, sizeof bytes);
      (void)!write(far, &inner, sizeof inner);
      (void)!write(far, shared, bytes);
      close(far);
      waitpid(inner, nullptr, 0);
      _exit(0);
    }
    close(answer[1]);
    if (read(answer[0], &told_, sizeof told_) != sizeof told_) abort();
    char buffer[kMaxImageBytes];
    for (ssize_t bytes; (bytes = read(answer[0], buffer, sizeof buffer)) > 0;)
      image_.append(buffer, static_cast<size_t>(bytes));
    close(answer[0]);
  }
  ~Teller() {
    kill(told_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  const std::string& image() const { return image_; }
  Visitor AsVisitor() const {
    Visitor visitor;
    visitor.pid = told_;
    visitor.hello = {};
    visitor.hello.kind = HelloKind::kImage;
    visitor.hello.pid = static_cast<uint32_t>(told_);
    visitor.hello.socket_fd = -1;
    visitor.image = image_;
    return visitor;
  }
  std::optional<Image> Looked() const {
    SessionNotes notes;
    const auto process = ProcessDirectory::Open(told_);
    if (!process.ok()) return std::nullopt;
    return LookAtVisitor(AsVisitor(), *process, static_cast<pid_t>(process->Parent()), {}, notes);
  }

 private:
  pid_t pid_ = -1, told_ = -1;
  std::string image_;
};

void ExpectToldAsLooked(const std::function<void()>& prepare, bool knows_arguments = true) {
  const Teller teller(prepare, knows_arguments);
  const std::optional<Image> told = ToldByVisitor(teller.AsVisitor()), looked = teller.Looked();
  ASSERT_TRUE(looked.has_value());
  ASSERT_TRUE(told.has_value()) << "it had to be looked at";
  EXPECT_EQ(told->pid, looked->pid);
  EXPECT_EQ(told->parent_pid, looked->parent_pid);
  EXPECT_EQ(told->executable, looked->executable);
  EXPECT_EQ(told->command_line, looked->command_line);
  EXPECT_EQ(told->directory, looked->directory);
  EXPECT_EQ(told->nofile_soft, looked->nofile_soft);
  EXPECT_EQ(told->nofile_hard, looked->nofile_hard);
  ASSERT_EQ(told->present.size(), looked->present.size());
  for (size_t i = 0; i < told->present.size(); ++i) {
    const SeenDescriptor &one = told->present[i], &other = looked->present[i];
    SCOPED_TRACE(absl::StrCat("fd ", other.fd, ", ", other.link));
    EXPECT_EQ(one.fd, other.fd);
    EXPECT_EQ(one.link, other.link);
    EXPECT_EQ(one.description, other.description);
    EXPECT_EQ(one.resource, other.resource);
    EXPECT_EQ(one.writes, other.writes);
    ASSERT_EQ(one.file.has_value(), other.file.has_value());
    if (!one.file.has_value()) continue;
    EXPECT_EQ(one.file->device, other.file->device);
    EXPECT_EQ(one.file->inode, other.file->inode);
    EXPECT_EQ(one.file->links, other.file->links);
    EXPECT_EQ(one.file->bytes, other.file->bytes);
    EXPECT_EQ(one.file->apparent_bytes, other.file->apparent_bytes);
  }
}

void ExpectNotTold(const std::function<void()>& prepare) {
  const Teller teller(prepare);
  EXPECT_FALSE(ToldByVisitor(teller.AsVisitor()).has_value());
  EXPECT_TRUE(teller.Looked().has_value());
}

std::string InTestDirectory(const char* name) { return absl::StrCat(testing::TempDir(), "/", name, "-", getpid()); }

TEST(SelfDescriptionTest, AProcessWithNothingToTellButItself) {
  ExpectToldAsLooked([] {});
  ExpectToldAsLooked([] {}, /*knows_arguments=*/false);
}

TEST(SelfDescriptionTest, FilesAreToldWithTheirSizesAndHowTheyWereOpened) {
  const std::string path = InTestDirectory("told");
  ExpectToldAsLooked([&] {
    const int written = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    EXPECT_EQ(write(written, "twelve bytes", 12), 12);
    EXPECT_GE(open(path.c_str(), O_RDONLY), 0);
    EXPECT_GE(open(path.c_str(), O_WRONLY | O_APPEND), 0);
    EXPECT_GE(open(path.c_str(), O_PATH), 0);
    unlink(path.c_str());
    EXPECT_GE(open("/usr/lib", O_RDONLY | O_DIRECTORY), 0);
    EXPECT_GE(open("/dev/null", O_RDWR), 0);
    EXPECT_GE(open("/proc/self/status", O_RDONLY), 0);
    EXPECT_EQ(ftruncate(memfd_create("some memory", 0), 5000), 0);
  });
}

TEST(SelfDescriptionTest, PipesSocketsAndWhatHasNoFile) {
  ExpectToldAsLooked([] {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    EXPECT_GE(socket(AF_INET, SOCK_STREAM, 0), 0);
    EXPECT_GE(epoll_create1(0), 0);
    EXPECT_GE(eventfd(0, 0), 0);
    EXPECT_GE(inotify_init(), 0);
    EXPECT_GE(timerfd_create(CLOCK_MONOTONIC, 0), 0);
  });
}

TEST(SelfDescriptionTest, PipesAndSocketsThatHaveAPath) {
  const std::string pipe_path = InTestDirectory("pipe"), socket_path = InTestDirectory("socket");
  ExpectToldAsLooked([&] {
    EXPECT_EQ(mkfifo(pipe_path.c_str(), 0600), 0);
    EXPECT_GE(open(pipe_path.c_str(), O_RDWR), 0);
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_GE(open(socket_path.c_str(), O_PATH), 0) << "its file, and no socket";
    unlink(pipe_path.c_str());
    unlink(socket_path.c_str());
  });
}

TEST(SelfDescriptionTest, ADeviceLikeTheNullDeviceByAnotherName) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may make devices";
  const std::string path = InTestDirectory("null");
  ExpectToldAsLooked([&] {
    EXPECT_EQ(mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
    EXPECT_GE(open(path.c_str(), O_PATH), 0);
    unlink(path.c_str());
  });
}

TEST(SelfDescriptionTest, AnotherDirectoryAnotherLimitAndGapsAmongTheNumbers) {
  ExpectToldAsLooked([] {
    EXPECT_EQ(chdir("/usr"), 0);
    const rlimit limit = {.rlim_cur = 70, .rlim_max = 77};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close(0);
    EXPECT_EQ(dup2(1, 63), 63);
  });
}

TEST(SelfDescriptionTest, ADirectoryThatIsGone) {
  const std::string path = InTestDirectory("gone");
  ExpectToldAsLooked([&] {
    EXPECT_EQ(mkdir(path.c_str(), 0700), 0);
    EXPECT_EQ(chdir(path.c_str()), 0);
    EXPECT_EQ(rmdir(path.c_str()), 0);
  });
}

TEST(SelfDescriptionTest, WhatWouldNotBeToldWholeIsLookedAt) {
  ExpectNotTold([] { dup2(1, kMostGiven); });
  ExpectNotTold([] { close_range(0, 999, 0); });
  ExpectNotTold([] {
    std::string path = testing::TempDir();
    for (int level = 0; level < 5; ++level) {
      path += "/" + std::string(250, 'a');
      mkdir(path.c_str(), 0700);
    }
    EXPECT_GE(open(path.c_str(), O_PATH), 0);
    for (int level = 0; level < 5; ++level) {
      rmdir(path.c_str());
      path.resize(path.rfind('/'));
    }
  });
}

TEST(SelfDescriptionTest, WhatMayBeAMessageQueueIsLookedAt) {
  ExpectNotTold([] { EXPECT_GE(open("/", O_PATH), 0); });
  const std::string name = absl::StrCat("/told-", getpid());
  ExpectNotTold([&] {
    const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT, 0600, nullptr);
    if (queue < 0) dup2(1, kMostGiven);  // no queues here: then another reason
    mq_unlink(name.c_str());
  });
}

TEST(SelfDescriptionTest, WhoSeesOtherFilesOrProcessesIsLookedAt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may change the root directory";
  const std::string root = InTestDirectory("root");
  mkdir(root.c_str(), 0700);
  ExpectNotTold([&] {  // the same directory, by another mount
    EXPECT_EQ(unshare(CLONE_NEWNS), 0);
    EXPECT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    EXPECT_EQ(mount("/", root.c_str(), nullptr, MS_BIND | MS_REC, nullptr), 0);
    EXPECT_EQ(chroot(root.c_str()), 0);
    EXPECT_EQ(chdir("/"), 0);
  });
  rmdir(root.c_str());
  const Teller teller([] {});
  Visitor visitor = teller.AsVisitor();
  ++visitor.hello.pid;
  EXPECT_FALSE(ToldByVisitor(visitor).has_value());
}

TEST(SelfDescriptionTest, DamagedBytesTellNothing) {
  const Teller teller([] {});
  Visitor visitor = teller.AsVisitor();
  visitor.image.resize(visitor.image.size() - 1);
  EXPECT_FALSE(ToldByVisitor(visitor).has_value());
  visitor.image.clear();
  EXPECT_FALSE(ToldByVisitor(visitor).has_value());

  StartedImage twice;
  ASSERT_TRUE(twice.ParseFromString(teller.image()));
  *twice.add_given() = twice.given(0);
  visitor.image = twice.SerializeAsString();
  EXPECT_FALSE(ToldByVisitor(visitor).has_value());
}

}  // namespace
}  // namespace fdtrace
