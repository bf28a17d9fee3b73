#include "collector/procfs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::Not;

// A child that waits, and is ended with the test.
class WaitingChild {
 public:
  template <typename Before>
  explicit WaitingChild(Before before) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    pid_ = fork();
    if (pid_ == 0) {
      before();
      (void)!write(ready[1], "", 1);
      while (true) pause();
    }
    char byte;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~WaitingChild() { End(); }
  void End() {
    Kill();
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void Kill() const {
    siginfo_t ended;
    if (pid_ > 0 && kill(pid_, SIGKILL) == 0) waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(ProcessDirectoryTest, TellsWhatTheKernelStartedItself) {
  const std::vector<pid_t> started = StartedByKernel();
  const auto daemon = ProcessDirectory::Open(2);
  if (!daemon.ok() || !daemon->IsKernelThread()) {
    EXPECT_TRUE(started.empty()) << "in a pid namespace, the process 2 is any";
    return;
  }
  EXPECT_FALSE(started.empty());
  for (const pid_t pid : started) {
    const auto process = ProcessDirectory::Open(pid);
    if (!process.ok() || process->IsZombie()) continue;
    EXPECT_EQ(process->Parent(), 2u) << pid;
  }
  EXPECT_THAT(started, Not(Contains(getpid())));
}

TEST(ProcessDirectoryTest, TellsWhoAProcessIs) {
  const WaitingChild child([] {
    prctl(PR_SET_NAME, "a ) name");
    const rlimit limit = {.rlim_cur = 100, .rlim_max = 200};
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  const auto process = ProcessDirectory::Open(child.pid());
  ASSERT_TRUE(process.ok()) << process.status();
  char self[4096] = {};
  ASSERT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
  EXPECT_EQ(process->Executable(), std::optional<std::string>(self));
  EXPECT_EQ(process->Name(), "a ) name");
  EXPECT_EQ(process->Parent(), static_cast<uint32_t>(getpid()));
  EXPECT_EQ(process->OpenFiles().soft, 100u);
  EXPECT_EQ(process->OpenFiles().hard, 200u);
  EXPECT_EQ(process->Threads(), 1u);
  EXPECT_GT(process->StartTime(), 0u);
  EXPECT_TRUE(process->Lives());
  ASSERT_FALSE(process->CommandLine().empty());
  EXPECT_EQ(process->WorkingDirectory(), std::filesystem::current_path());
}

TEST(ProcessDirectoryTest, CountsThreads) {
  const WaitingChild child([] {
    for (int i = 0; i < 3; ++i) std::thread([] { pause(); }).detach();
  });
  EXPECT_EQ(ProcessDirectory::Open(child.pid())->Threads(), 4u);
}

TEST(ProcessDirectoryTest, KeepsEmptyArguments) {
  const pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", "kill -STOP $$", "", "last", nullptr);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
  ASSERT_TRUE(WIFSTOPPED(status));
  const auto process = ProcessDirectory::Open(pid);
  ASSERT_TRUE(process.ok());
  EXPECT_THAT(process->CommandLine(), ::testing::ElementsAre("sh", "-c", "kill -STOP $$", "", "last"));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

TEST(ProcessDirectoryTest, ListsEveryDescriptorOfManySorted) {
  constexpr int kMany = 3000;
  const WaitingChild child([] {
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 1000; fd < 1000 + kMany; fd += 2) dup2(0, fd);
  });
  const auto process = ProcessDirectory::Open(child.pid());
  const auto numbers = process->Numbers();
  ASSERT_TRUE(numbers.ok()) << numbers.status();
  EXPECT_TRUE(std::is_sorted(numbers->begin(), numbers->end()));
  EXPECT_EQ(std::count_if(numbers->begin(), numbers->end(), [](int fd) { return fd >= 1000; }), kMany / 2);
  EXPECT_THAT(*numbers, Contains(0));
  EXPECT_THAT(*numbers, Not(Contains(1001)));
}

TEST(ProcessDirectoryTest, NoLongerLivesOnceItIsAZombie) {
  const WaitingChild child([] {});
  const auto process = ProcessDirectory::Open(child.pid());
  const uint64_t started = process->StartTime();
  EXPECT_FALSE(process->IsZombie());
  child.Kill();
  EXPECT_FALSE(process->Lives());
  EXPECT_TRUE(process->IsZombie());
  EXPECT_EQ(process->StartTime(), started);
}

TEST(ProcessDirectoryTest, ReachesAProcessWhoseMainThreadHasEnded) {
  const WaitingChild child([] {
    dup2(0, 77);
    signal(SIGUSR1, [](int) { syscall(SYS_exit, 0); });  // ends the thread that takes it: the main one
    sigset_t all;
    sigfillset(&all);
    std::thread([all] {
      pthread_sigmask(SIG_SETMASK, &all, nullptr);
      while (true) pause();
    }).detach();
  });
  syscall(SYS_tgkill, child.pid(), child.pid(), SIGUSR1);
  for (int i = 0; i < 2000; ++i) {
    const auto main_thread = ProcessDirectory::Open(child.pid());
    if (!main_thread->Lives()) break;
    usleep(1000);
  }
  EXPECT_FALSE(ProcessDirectory::Open(child.pid())->Lives());
  const auto process = ProcessDirectory::OpenByAnyThread(child.pid());
  ASSERT_TRUE(process.ok());
  EXPECT_TRUE(process->Lives());
  EXPECT_GT(process->Threads(), 1u);
  EXPECT_THAT(*process->Numbers(), Contains(77));
  EXPECT_FALSE(ProcessWatch(child.pid()).Ended());
}

TEST(DescriptorDirectoryTest, ReadsLinksAccessAndKinds) {
  int ends[2], sockets[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets), 0);
  char path[] = "/tmp/procfs-test-XXXXXX";
  const int file = mkstemp(path);
  unlink(path);
  const int directory = open("/tmp", O_RDONLY | O_DIRECTORY);
  const auto process = ProcessDirectory::Open(getpid());
  const auto descriptors = DescriptorDirectory::Open(*process);
  ASSERT_TRUE(descriptors.ok());

  EXPECT_EQ(descriptors->Link(file), std::string(path) + " (deleted)");
  EXPECT_EQ(descriptors->Link(99999), std::nullopt);
  EXPECT_TRUE(descriptors->AccessOf(ends[0])->reads);
  EXPECT_FALSE(descriptors->AccessOf(ends[0])->writes);
  EXPECT_TRUE(descriptors->AccessOf(ends[1])->writes);
  EXPECT_FALSE(descriptors->AccessOf(ends[1])->reads);
  EXPECT_TRUE(S_ISDIR(descriptors->StatusOf(directory)->stx_mode));
  EXPECT_TRUE(S_ISREG(descriptors->StatusOf(file)->stx_mode));
  EXPECT_FALSE(descriptors->IsMessageQueue(file));
  EXPECT_THAT(descriptors->SocketProtocol(sockets[0]), ::testing::StartsWith("UNIX"));
  for (const int fd : {ends[0], ends[1], sockets[0], sockets[1], file, directory}) close(fd);
}

TEST(ProcessWatchTest, SeesAProcessEndThoughNobodyHasReapedIt) {
  const WaitingChild child([] {});
  const ProcessWatch watch(child.pid());
  EXPECT_FALSE(watch.Ended());
  child.Kill();
  EXPECT_TRUE(watch.Ended());
}

TEST(ProcessWatchTest, SeesItWithNoDescriptorLeftToWatchWith) {
  WaitingChild child([] {});
  rlimit before, none;
  getrlimit(RLIMIT_NOFILE, &before);
  none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const ProcessWatch watch(child.pid());
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_LT(watch.fd(), 0);
  EXPECT_FALSE(watch.Ended());
  child.End();
  EXPECT_TRUE(watch.Ended());
}

TEST(ProcessWatchTest, TakesAProcessThatIsNotThereForEnded) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  waitpid(pid, nullptr, 0);
  EXPECT_TRUE(ProcessWatch(pid).Ended());
  EXPECT_TRUE(ProcessWatch().Ended());
}

}  // namespace
}  // namespace fdtrace
