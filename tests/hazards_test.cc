// What a stranger's process can suffer from being watched, each tried on a program that would show it.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/traced.h"

namespace fdtrace {
namespace {

TEST(Hazards, TheProgramNeverHasADescriptorOfOurs) {
  const Ran bare = RunBare({Program("descriptors")});
  const Traced traced = Trace({Program("descriptors")});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.ran.out, bare.out);
}

TEST(Hazards, AStackThatIsNotAlignedBearsAllCallsAndIsNamed) {
  const TemporaryDirectory directory;
  const Traced traced = TraceAsBare({Program("misaligned_stack"), directory.path() + "/file"}, 5);
  EXPECT_EQ(traced.ran.out, "12 of 12 good\n");
  EXPECT_EQ(StillOpenIn(traced.report, "leak_misaligned"), 6u) << Describe(traced.report);
}

TEST(Hazards, StacksThroughCodeWithoutTablesLeaveTheProgramsFilesAlone) {
  const TemporaryDirectory directory;
  const std::string first = directory.path() + "/first";
  const std::string second = directory.path() + "/second";
  for (const std::string& path : {first, second}) std::ofstream(path) << "12345678901234567890";
  const Traced traced = Trace({Program("no_cfi_frame"), first, second});
  EXPECT_EQ(traced.ran.out, "3 4 offsets 0 0 second 12345678901234567890\n");
  EXPECT_EQ(traced.ran.status, 0);
  std::stringstream content;
  content << std::ifstream(first).rdbuf();
  EXPECT_EQ(content.str(), "12345678901234567890");
}

TEST(Hazards, AChildForkedWhileAnotherThreadHoldsTheLoadersLockDoesNotHang) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"cold"}}) {
    std::vector<std::string> command = {Program("fork_in_loader")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Traced traced = Trace(command);
    EXPECT_EQ(traced.ran.status, 0);
    EXPECT_EQ(traced.ran.out, "5 children\n");
    EXPECT_EQ(LeakIn(traced.report, "leak_in_child").still_open(), 5u) << Describe(traced.report);
  }
}

TEST(Hazards, AnotherLibraryAtTheSamePlaceGetsItsOwnStacks) {
  const Traced traced = Trace({Program("reload"), Program("libreload_first.so"), Program("libreload_second.so")});
  ASSERT_EQ(traced.ran.status, 0);
  if (traced.ran.out != "same place\n") GTEST_SKIP() << "the loader chose another place";
  for (const char* function : {"first_inner", "second_inner"}) {
    const LeakSite leak = LeakIn(traced.report, function);
    EXPECT_EQ(leak.still_open(), 1u);
    ASSERT_GE(leak.stack_size(), 4) << Describe(traced.report);
    EXPECT_EQ(leak.stack(1).function(), "leak");
    EXPECT_EQ(leak.stack(2).function(), "use");
    EXPECT_EQ(leak.stack(3).function(), "main");
  }
}

TEST(Hazards, APythonExtensionInCxxThrowsAndCatchesAsEver) {
  const std::string script =
      "import sys\n"
      "sys.path.insert(0, '" +
      Program("") +
      "')\n"
      "import thrower, os\n"
      "f = [os.open('/dev/null', 0) for i in range(3)]\n"
      "print(thrower.catch_own(41))\n"
      "try:\n  thrower.raise_error()\nexcept RuntimeError as e:\n  print(e)\n";
  const std::vector<std::string> command = {"/usr/bin/python3", "-c", script};
  const Ran bare = RunBare(command);
  ASSERT_EQ(bare.out, "42\nthrown through C++\n") << bare.err;
  const Traced traced = Trace(command);
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
}

TEST(Hazards, SignalHandlersThatInterruptUsMayDoAnythingAndLeaveByLongjmp) {
  const Traced traced = Trace({Program("signals")});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.ran.out, "done, jumped\n");
  EXPECT_EQ(LeakIn(traced.report, "main").still_open(), 1u) << Describe(traced.report);
}

TEST(Hazards, ASignalHandlerThatInterruptedMallocIsNotMadeToCallIt) {
  const Ran bare = RunBare({Program("signal_in_malloc")});
  const Traced traced = Trace({Program("signal_in_malloc")});
  EXPECT_EQ(bare.out, "8 handled, malloc within malloc 0\n");
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(traced.ran.status, 0);
}

TEST(Hazards, AMallocThatOpensFilesUnderItsLockBeforeOurConstructorIsNotCalledAgain) {
  const Ran bare = RunBare({Program("own_malloc")});
  const Traced traced = Trace({Program("own_malloc")}, {}, "", 20);
  EXPECT_EQ(bare.out, "1 3\n");
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(LeakIn(traced.report, "leak_one").still_open(), 1u) << Describe(traced.report);
}

TEST(Hazards, AChildGivenEmptyMemoryForItsThreadsVariablesRunsAsEver) {
  const Ran bare = RunBare({Program("empty_tls")});
  const Traced traced = Trace({Program("empty_tls")});
  EXPECT_EQ(bare.out, "1 1792 1 -1\n1 1792 1 -1\n1 1792 1 -1\n");
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(LeakIn(traced.report, "leak_one").still_open(), 1u) << Describe(traced.report);
}

TEST(Hazards, ASmallSignalStackIsNotOverrun) {
  const Ran bare = RunBare({Program("small_stack")});
  if (bare.out != "6 opened\n") GTEST_SKIP() << "this processor's registers alone fill the stack";
  const Traced traced = Trace({Program("small_stack")});
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.report.recording().opened(), 6u);
}

TEST(Hazards, HandlersOfAForkMayOpenAndAreNotKeptWaiting) {
  const Traced traced = Trace({Program("atfork")});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.ran.out, "20 forks\n");
  EXPECT_EQ(traced.report.leaks_size(), 0) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().opened(), 60u);
  for (const std::string& note : traced.report.recording().notes()) {
    EXPECT_EQ(note.find("no stack"), std::string::npos) << note;
  }
}

TEST(Hazards, AnErrorLeftOverFromBeforeNeitherHangsUsNorChanges) {
  const Traced traced = Trace({Program("stale_errno")});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.report.recording().opened(), 10u);
}

TEST(Hazards, ACloseThatIsCancelledHasNotClosed) {
  const Traced traced = Trace({Program("cancelled_close")});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(LeakIn(traced.report, "open_here").still_open(), 1u) << Describe(traced.report);
}

TEST(Hazards, ProgramsBuiltWithASanitizerRunAsEver) {
  for (const char* name : {"sanitized_address", "sanitized_thread"}) {
    const Ran bare = RunBare({Program(name)});
    const Traced traced = Trace({Program(name)});
    EXPECT_EQ(bare.status, 0) << name << bare.err;
    EXPECT_EQ(traced.ran.status, bare.status) << name << traced.ran.err;
    EXPECT_EQ(traced.ran.out, bare.out) << name;
    EXPECT_EQ(traced.ran.err, bare.err) << name;
    EXPECT_EQ(traced.report.recording().still_open(), 1u) << name << "\n" << Describe(traced.report);
  }
}

TEST(Hazards, AThousandThreadsThatStartAtOnceLoseNothing) {
  const Traced traced = Trace({Program("many_threads")});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.report.recording().opened(), 1000u);
  EXPECT_EQ(traced.report.recording().events_lost(), 0);
}

TEST(Hazards, AProgramOfAnotherLibcStartedByATracedOneRunsAsEver) {
  const Traced traced = Trace({"/bin/sh", "-c", Program("other_libc") + "; echo $?"});
  EXPECT_EQ(traced.ran.out, "3 4 5 5\n6\n");
  EXPECT_EQ(traced.ran.err, "");
}

TEST(Hazards, AVforkChildsClosesAreNotItsParents) {
  const Traced traced = Trace({Program("every_function"), "vfork"});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.report.leaks_size(), 0) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().corrections().closed_unseen(), 0u);
}

}  // namespace
}  // namespace fdtrace
