// What a recording adds up to: sites, processes, and what is left open.
#include "collector/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(ModelTest, ASiteCountsItsLifetimesAndWhereTheyEnd) {
  StartFirst();
  for (uint64_t i = 1; i <= 3; ++i)
    SendOpened({.id = Id(1, i), .fd = 2 + static_cast<int>(i), .stack = 11, .path = "/x"});
  SendClosed(CloseOf(Id(1, 2), 4));
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.function(), "open");
  EXPECT_EQ(site.resource(), FILE);
  EXPECT_EQ(site.opened(), 3u);
  EXPECT_EQ(site.closed(), 1u);
  EXPECT_EQ(site.still_open(), 2u);
  EXPECT_EQ(site.peak_open(), 3u);
  EXPECT_EQ(site.first_opened_ns(), 1 * kMs);
  EXPECT_EQ(site.last_opened_ns(), 3 * kMs);
  EXPECT_EQ(site.last_active_ns(), 4 * kMs);
  EXPECT_EQ(site.ended_ns(), 4 * kMs);
  EXPECT_THAT(site.shape().low(), ElementsAre(1, 2, 3, 2));
  ASSERT_EQ(site.closed_at_size(), 1);
  EXPECT_EQ(site.closed_at(0).function(), "close");
  EXPECT_EQ(trace_.StackAt(site.closed_at(0).stack())->frames(0).address(), 0x12u);
  EXPECT_EQ(site.lifetimes_size(), 11) << "2 ms are in [2^10, 2^11) microseconds";
  ASSERT_THAT(trace_.descriptors, SizeIs(2));
  EXPECT_EQ(trace_.descriptors[0].fd(), 3);
  EXPECT_EQ(trace_.descriptors[1].fd(), 5);
  EXPECT_EQ(trace_.descriptors[0].path_argument(), "/x");
  EXPECT_EQ(trace_.end.still_open(), 2u);
}

TEST_F(ModelTest, ADescriptorKeepsItsThread) {
  StartFirst();
  Send(ThreadEvent(41, "a name that is far too long for any thread to have"), 1, 5);
  SendOpened({.id = Id(1, 1), .stack = 11}, 1, 5);
  Send(ThreadEvent(42, "next"), 1, 5);
  Written();
  ASSERT_THAT(trace_.descriptors, SizeIs(1));
  EXPECT_EQ(trace_.descriptors[0].tid(), 41u);
  EXPECT_EQ(trace_.descriptors[0].thread(), "a name that is far too long for any thr");
}

TEST_F(ModelTest, ACloseReadBeforeItsOpenedEndsItAtOnce) {
  StartFirst();
  SendClosed(CloseOf(Id(1, 1)), 1, 1);
  Send(OpenedEvent(1, {.id = Id(1, 1), .stack = 11}));
  EXPECT_EQ(OnlySite().closed(), 1u);
  EXPECT_EQ(trace_.end.events_lost(), 0u);
}

TEST_F(ModelTest, ACloseWhoseOpenedNeverComesCountsAsALostEvent) {
  StartFirst();
  SendClosed(CloseOf(Id(1, 1)));
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  Written();
  EXPECT_EQ(trace_.end.events_lost(), 1u);
  EXPECT_EQ(trace_.processes[0].events_lost(), 1u);
  EXPECT_FALSE(trace_.end.complete());
  EXPECT_THAT(std::vector<std::string>(trace_.end.notes().begin(), trace_.end.notes().end()),
              Contains(HasSubstr("1 was the opening of a descriptor whose close was seen")));
}

TEST_F(ModelTest, ADuplicateHasItsOwnSiteAndItsSourcesResource) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .function = 5, .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 4, .function = 3, .stack = 12, .source = Id(1, 1)});
  Written();
  ASSERT_THAT(trace_.sites, SizeIs(2));
  EXPECT_EQ(trace_.sites[1].function(), "dup");
  EXPECT_EQ(trace_.sites[1].resource(), SOCKET);
}

TEST_F(ModelTest, StandardNumbersCountAsOpenedButMakeNoSite) {
  StartFirst({});
  SendOpened({.id = Id(1, 1), .fd = 0, .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 2, .stack = 11});
  SendClosed(CloseOf(Id(1, 1), 0));
  Written();
  EXPECT_THAT(trace_.sites, IsEmpty());
  EXPECT_THAT(trace_.descriptors, IsEmpty());
  EXPECT_EQ(trace_.end.opened(), 2u);
  EXPECT_EQ(trace_.processes[0].opened(), 2u);
  EXPECT_EQ(trace_.processes[0].open_at_exit(), 1u);
  EXPECT_THAT(trace_.timeline.open(), testing::Each(0u));
}

TEST_F(ModelTest, AProcessThatVanishesLeavesItsDescriptorsAsTheyWere) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11, .path = "/tmp/x"});
  model_->ProcessEnded(1, now_, ProcessEnd::kVanished);
  Written();
  ASSERT_THAT(trace_.descriptors, SizeIs(1));
  EXPECT_EQ(trace_.descriptors[0].path_argument(), "/tmp/x");
  EXPECT_THAT(trace_.descriptors[0].link(), IsEmpty());
  EXPECT_EQ(trace_.processes[0].end(), TraceProcess::VANISHED);
  EXPECT_EQ(trace_.processes[0].open_at_exit(), 4u);
  EXPECT_FALSE(trace_.end.complete());
}

// Thousand short processes that leave one descriptor each are no growth: one was open at any moment.
TEST_F(ModelTest, PeaksAndShapesCountWhatWasOpenAtOneMoment) {
  StartFirst();
  for (uint32_t serial = 2; serial < 1002; ++serial) {
    model_->ImageStarted(At(serial, 100 + serial, {0, 1, 2}, 1));
    SendOpened({.id = Id(serial, 1), .stack = 11}, serial);
    model_->ProcessEnded(serial, now_, ProcessEnd::kExited);
  }
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.still_open(), 1000u);
  EXPECT_EQ(site.peak_open(), 1u);
  EXPECT_THAT(site.shape().high(), testing::Each(1u));
  EXPECT_LE(site.shape().high_size(), 64);
}

TEST_F(ModelTest, LostEventsAreSummedOverImages) {
  StartFirst();
  model_->SetLost(1, 5, 2);
  model_->SetLost(1, 7, 3);
  model_->ImageStarted(At(2, 100, {0, 1, 2}));
  model_->SetLost(2, 10, 4);
  Written();
  EXPECT_EQ(trace_.processes[0].events_lost(), 17u);
  EXPECT_EQ(trace_.processes[0].stackless(), 7u);
  EXPECT_EQ(trace_.end.events_lost(), 17u);
}

TEST_F(ModelTest, APidThatIsUsedAgainIsAnotherProcess) {
  StartFirst();
  model_->ImageStarted(At(2, 100, {0}, /*forked_from=*/1));
  Written();
  EXPECT_THAT(trace_.processes, SizeIs(2));
}

}  // namespace
}  // namespace fdtrace
