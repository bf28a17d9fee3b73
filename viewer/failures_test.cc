// Rows of failed calls, from a trace.
#include "viewer/failures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class FailuresTest : public ::testing::Test {
 protected:
  FailuresTest() {
    trace_.AddSymbol(1, 0x10, "load_config", "/src/config.cc", 42);
    trace_.AddSymbol(1, 0x14, "load_config", "/src/config.cc", 42);
    trace_.AddSymbol(1, 0x20, "serve", "/src/serve.cc", 7);
  }

  TraceFailure& Add(int error, uint32_t stack, uint64_t count, uint64_t first_ns = 0) {
    TraceFailure& failure = trace_->failures.emplace_back();
    failure.set_error(error);
    *failure.mutable_failed_at() = TraceMaker::PlaceAt(stack, "open", count);
    failure.set_process(1);
    failure.set_first_ns(first_ns);
    if (error == EMFILE) failure.set_cause(TraceFailure::PROCESS_LIMIT);
    return failure;
  }

  static void Blame(TraceFailure& failure, uint32_t stack, uint64_t count) {
    *failure.add_blamed()->mutable_at() = TraceMaker::PlaceAt(stack, "open", count);
  }

  TraceMaker trace_;
};

TEST_F(FailuresTest, TellWhatTheTraceTells) {
  const uint32_t stack = trace_.AddStack({0x20});
  TraceFailure& failure = Add(EMFILE, stack, 6, 9);
  failure.set_path("/etc/a\nb");
  failure.set_open_count(64);
  failure.set_open_unknown(3);
  failure.set_limit(64);
  failure.set_hard_limit(UINT64_MAX);
  Blame(failure, trace_.AddStack({0x10}), 61);
  const Report report = trace_.Build();
  ASSERT_THAT(report.failures(), SizeIs(1));
  const Failure& shown = report.failures(0);
  EXPECT_EQ(shown.error(), "EMFILE");
  EXPECT_EQ(shown.cause(), Failure::PROCESS_LIMIT);
  EXPECT_EQ(shown.call(), "open");
  EXPECT_EQ(shown.path(), "/etc/a\\x0ab");
  EXPECT_EQ(shown.count(), 6u);
  EXPECT_EQ(shown.first_ns(), 9);
  EXPECT_EQ(shown.pid(), 100u);
  EXPECT_EQ(shown.open_count(), 64u);
  EXPECT_EQ(shown.open_unknown(), 3u);
  EXPECT_EQ(shown.limit(), 64);
  EXPECT_EQ(shown.hard_limit(), INT64_MAX);
  EXPECT_EQ(shown.stack(0).function(), "serve");
  ASSERT_THAT(shown.blamed(), SizeIs(1));
  EXPECT_EQ(shown.blamed(0).count(), 61u);
  EXPECT_EQ(shown.blamed(0).stack(0).function(), "load_config");
  EXPECT_THAT(shown.explanation(), HasSubstr("61 of them were opened at load_config (config.cc:42)"));
}

TEST_F(FailuresTest, ThatLookTheSameAreOneRowWithThePictureOfTheFirst) {
  TraceFailure& later = Add(EMFILE, trace_.AddStack({0x10}), 2, 20);
  later.set_open_count(70);
  TraceFailure& first = Add(EMFILE, trace_.AddStack({0x14}), 3, 10);
  first.set_open_count(64);
  Blame(first, trace_.AddStack({0x10}), 1);
  Blame(first, trace_.AddStack({0x14}), 1);
  const Report report = trace_.Build();
  ASSERT_THAT(report.failures(), SizeIs(1));
  EXPECT_EQ(report.failures(0).count(), 5u);
  EXPECT_EQ(report.failures(0).open_count(), 64u);
  ASSERT_THAT(report.failures(0).blamed(), SizeIs(1));
  EXPECT_EQ(report.failures(0).blamed(0).count(), 2u);
}

TEST_F(FailuresTest, ForWantOfDescriptorsComeFirstThenTheMostFrequent) {
  Add(ENOSPC, trace_.AddStack({0x10}), 90);
  Add(ENFILE, trace_.AddStack({0x10}), 1);
  Add(EMFILE, trace_.AddStack({0x20}), 2);
  const Report report = trace_.Build();
  ASSERT_THAT(report.failures(), SizeIs(3));
  EXPECT_EQ(report.failures(0).error(), "EMFILE");
  EXPECT_EQ(report.failures(1).error(), "ENFILE");
  EXPECT_EQ(report.failures(2).error(), "ENOSPC");
}

TEST_F(FailuresTest, OfAFileSystemShowItsRoom) {
  TraceFailure& failure = Add(ENOSPC, trace_.AddStack({0x10}), 1);
  failure.set_cause(TraceFailure::RESERVED_BLOCKS);
  failure.set_mount("/srv");
  failure.set_type("ext4");
  failure.set_pinned_bytes(4096);
  failure.set_pinned_files(1);
  failure.mutable_filesystem()->set_block_bytes(1024);
  failure.mutable_filesystem()->set_blocks(100);
  failure.mutable_filesystem()->set_blocks_free(50);
  failure.mutable_filesystem()->set_blocks_available(8);
  failure.mutable_filesystem()->set_inodes(7);
  failure.mutable_filesystem()->set_inodes_free(5);
  const Report report = trace_.Build();
  ASSERT_THAT(report.failures(), SizeIs(1));
  const Filesystem& shown = report.failures(0).filesystem();
  EXPECT_EQ(shown.mount(), "/srv");
  EXPECT_EQ(shown.type(), "ext4");
  EXPECT_EQ(shown.block_bytes(), 1024);
  EXPECT_EQ(shown.blocks_total(), 100);
  EXPECT_EQ(shown.blocks_free(), 50);
  EXPECT_EQ(shown.blocks_reserved(), 42);
  EXPECT_EQ(shown.inodes_total(), 7);
  EXPECT_EQ(shown.inodes_free(), 5);
  EXPECT_EQ(shown.pinned_bytes(), 4096);
  EXPECT_EQ(shown.pinned_files(), 1u);
}

TEST_F(FailuresTest, OfALaterVersionAreShownWithoutACause) {
  TraceFailure& failure = Add(12345, trace_.AddStack({0x10}), 1);
  failure.set_cause(static_cast<TraceFailure::Cause>(99));
  const Report report = trace_.Build();
  ASSERT_THAT(report.failures(), SizeIs(1));
  EXPECT_EQ(report.failures(0).error(), "error 12345");
  EXPECT_EQ(report.failures(0).cause(), Failure::CAUSE_UNKNOWN);
}

}  // namespace
}  // namespace fdtrace
