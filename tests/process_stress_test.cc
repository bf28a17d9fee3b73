// The numbers are exact every time: hundreds of repetitions, deaths at any moment, storms of forks, thousands of
// processes. Two at a time, which is what the machines have that run this.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/endings.h"
#include "tests/programs/killed_any_time.h"
#include "tests/traced.h"

namespace fdtrace {
namespace {

constexpr int kRepetitions = 200;
constexpr int kKills = 1000;

// Calls run(0) … run(count - 1) in two threads, until one fails.
void RunInParallel(int count, const std::function<void(int)>& run) {
  std::atomic<int> next = 0;
  const auto worker = [&] {
    for (int i; !testing::Test::HasFailure() && (i = next++) < count;) run(i);
  };
  std::thread other(worker);
  worker();
  other.join();
}

class EveryTime : public testing::TestWithParam<Ending> {};

TEST_P(EveryTime, TheNumbersAreExact) {
  RunInParallel(kRepetitions, [&](int run) {
    EXPECT_EQ(Differences(GetParam(), TraceEnding(GetParam())), "") << GetParam().how << ", run " << run;
  });
}

std::string NameOf(const testing::TestParamInfo<Ending>& info) {
  std::string name = info.param.how;
  std::erase_if(name, [](char c) { return !isalnum(c); });
  return name;
}
INSTANTIATE_TEST_SUITE_P(Endings, EveryTime, testing::ValuesIn(Endings()), NameOf);

// The page that programs/killed_any_time.c counts in, as a file.
class SharedPage {
 public:
  SharedPage() : path_(directory_.path() + "/page") {
    const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ(ftruncate(fd, sizeof(CountingPage)), 0);
    page_ = static_cast<CountingPage*>(mmap(nullptr, sizeof(CountingPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    close(fd);
  }
  ~SharedPage() { munmap(page_, sizeof(CountingPage)); }
  const std::string& path() const { return path_; }
  CountingPage& page() { return *page_; }

 private:
  const TemporaryDirectory directory_;
  const std::string path_;
  CountingPage* page_;
};

// Waits until the program is at work, then a while, and kills it.
void KillAfter(SharedPage& shared, int microseconds) {
  for (int i = 0; i < 20'000; ++i) {
    const pid_t pid = __atomic_load_n(&shared.page().pid, __ATOMIC_SEQ_CST);
    if (pid != 0) {
      usleep(microseconds);
      kill(pid, SIGKILL);
      return;
    }
    usleep(1000);
  }
}

Counts Sum(const CountingPage& page, const std::string& letters) {
  Counts sum = {};
  for (const Counts& counts : page.threads) {
    sum.opening += counts.opening;
    sum.opened += counts.opened;
    sum.closing += counts.closing;
    sum.closed += counts.closed;
  }
  for (const char letter : letters) {
    sum.opening += letter == 'o';
    sum.opened += letter == 'O';
    sum.closing += letter == 'c';
    sum.closed += letter == 'C';
  }
  return sum;
}

// Returns how many opens the program told.
uint64_t TraceAndKill(int threads, bool by_pipe, int run) {
  SharedPage shared;
  std::mt19937 random(run * 8 + threads);
  const int after_microseconds = static_cast<int>(random() % 10'000);
  std::thread killer([&] { KillAfter(shared, after_microseconds); });
  std::vector<std::string> command = {Program("killed_any_time"), shared.path(), std::to_string(threads)};
  if (by_pipe) command.push_back("1");
  const Traced traced = Trace(command);
  killer.join();

  const Counts told = Sum(shared.page(), traced.ran.out);
  const Recording& recording = traced.report.recording();
  const uint64_t opened = recording.opened() - 1;  // the page
  const uint64_t closed = opened - recording.still_open();
  const bool within =
      told.opened <= opened && opened <= told.opening && told.closed <= closed && closed <= told.closing;
  EXPECT_TRUE(within) << "opened " << opened << ", the program " << told.opened << " to " << told.opening << "; closed "
                      << closed << ", the program " << told.closed << " to " << told.closing;
  EXPECT_LE(told.opening - told.opened, static_cast<uint64_t>(threads));
  EXPECT_EQ(recording.events_lost(), 0);
  EXPECT_EQ(recording.signal(), static_cast<uint32_t>(SIGKILL));
  EXPECT_EQ(traced.ran.status, 128 + SIGKILL);
  if (testing::Test::HasFailure()) {
    ADD_FAILURE() << threads << " threads, run " << run << ", killed after " << after_microseconds << " us\n"
                  << Describe(traced.report);
  }
  return told.opened;
}

// Most deaths must come in the midst of the work.
void TraceAndKillOften(int kills, bool by_pipe, const std::function<int(int)>& threads_of) {
  std::atomic<uint64_t> opened = 0;
  RunInParallel(kills, [&](int run) { opened += TraceAndKill(threads_of(run), by_pipe, run); });
  EXPECT_GT(opened, 10u * kills);
}

TEST(SuddenDeath, OfOneThreadLosesAtMostTheCallInFlight) {
  TraceAndKillOften(kKills, false, [](int) { return 1; });
}

TEST(SuddenDeath, OfFourThreadsLosesAtMostTheCallsInFlight) {
  TraceAndKillOften(kKills, false, [](int) { return 4; });
}

TEST(SuddenDeath, AsToldThroughADescriptorOfTheProgramsOwn) {
  TraceAndKillOften(kKills / 10, true, [](int run) { return run % 2 == 0 ? 1 : 4; });
}

struct StormSums {
  long opened = 0, leaked = 0, children = 0, failed = 0, signals = 0;
};

StormSums ReadSums(const std::string& out) {
  StormSums sums;
  const int read = sscanf(out.c_str(), "opened %ld leaked %ld children %ld failed %ld signals %ld", &sums.opened,
                          &sums.leaked, &sums.children, &sums.failed, &sums.signals);
  EXPECT_EQ(read, 5) << out;
  return sums;
}

// A minute in all for each build, unless the tests were told otherwise.
std::string StormSeconds() {
  const char* const seconds = getenv("FDTRACE_STORM_SECONDS");
  return seconds != nullptr ? seconds : "60";
}

TEST(ForkStorm, IsCountedExactlyPlainAndUnderSanitizers) {
  const std::vector<std::string> builds = {"fork_storm", "fork_storm_thread", "fork_storm_address"};
  std::vector<std::thread> running;
  for (const std::string& build : builds) {
    running.emplace_back([build] {
      const Traced traced = Trace({"/usr/bin/env", "TSAN_OPTIONS=die_after_fork=0", Program(build), StormSeconds(),
                                   Program("libreload_first.so"), "libm.so.6", "libz.so.1"},
                                  {}, "", 200);
      const StormSums sums = ReadSums(traced.ran.out);
      EXPECT_EQ(traced.ran.status, 0) << build << "\n" << traced.ran.out << traced.ran.err;
      EXPECT_EQ(traced.ran.err, "") << build;
      EXPECT_GT(sums.children, 20) << build;
      EXPECT_GT(sums.signals, 20) << build;
      EXPECT_EQ(traced.report.recording().opened(), sums.opened) << build << "\n" << traced.ran.out;
      EXPECT_EQ(traced.report.recording().still_open(), sums.leaked) << build << "\n" << traced.ran.out;
      EXPECT_EQ(traced.report.recording().events_lost(), 0) << build;
      printf("%s: %s", build.c_str(), traced.ran.out.c_str());
    });
  }
  for (std::thread& thread : running) thread.join();
}

TEST(ManyProcesses, VforkChildrenThatAreBuriedAtOnceAreCountedExactly) {
  const Traced traced = Trace({Program("many_children"), "20000", "vfork"}, {}, "", 400);
  EXPECT_EQ(traced.ran.out, "20000 children opened 20000\n");
  EXPECT_EQ(traced.report.recording().opened(), 20'000u);
  EXPECT_EQ(traced.report.recording().still_open(), 0u) << Describe(traced.report);
  EXPECT_TRUE(traced.report.recording().complete());
  EXPECT_EQ(traced.report.processes_size(), 20'001);
}

TEST(ManyProcesses, TwentyThousandShortOnesAreCountedExactlyInBoundedMemory) {
  const Traced traced = Trace({Program("many_children"), "20000"}, {}, "", 400);
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.ran.out, "20000 children opened 22000\n");
  EXPECT_EQ(traced.report.recording().opened(), 22'000u);
  EXPECT_EQ(traced.report.recording().still_open(), 0u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0);
  EXPECT_EQ(traced.report.recording().corrections().opened_unseen(), 0u);
  EXPECT_EQ(traced.report.recording().corrections().closed_unseen(), 0u);
  EXPECT_TRUE(traced.report.recording().complete());
  EXPECT_EQ(traced.report.processes_size(), 20'001);
  EXPECT_LT(traced.ran.peak_memory_bytes, int64_t{256} << 20);
  printf("peak memory %ld MiB\n", static_cast<long>(traced.ran.peak_memory_bytes >> 20));
}

}  // namespace
}  // namespace fdtrace
