#include "findings/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "findings/report_maker.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Report Shard(const std::string& function, uint32_t leaked, int32_t status = 0) {
  ReportMaker maker;
  maker.AddLeak(function, leaked);
  Recording& recording = *maker.report.mutable_recording();
  recording.add_command("ctest");
  recording.set_exit_status(status);
  recording.set_complete(true);
  recording.set_opened(leaked + 1);
  recording.set_still_open(leaked);
  return maker.report;
}

TEST(Merge, MakesOneRowOfTheSameCodeAndCountsUp) {
  const Report merged = Merge({Shard("load", 2), Shard("store", 4), Shard("load", 3)});
  ASSERT_EQ(merged.leaks_size(), 2);
  EXPECT_EQ(merged.leaks(0).stack(0).function(), "load");
  EXPECT_EQ(merged.leaks(0).still_open(), 5u);
  EXPECT_EQ(merged.leaks(0).opened(), 5u);
  EXPECT_EQ(merged.leaks(0).descriptors_size(), 5);
  EXPECT_EQ(merged.leaks(1).still_open(), 4u);
  EXPECT_EQ(merged.recording().still_open(), 9u);
  EXPECT_EQ(merged.recording().opened(), 12u);
  EXPECT_TRUE(merged.recording().complete());
}

TEST(Merge, OfOneDescriptorEachIsNoLongerSingle) {
  EXPECT_EQ(Merge({Shard("load", 1), Shard("load", 1)}).leaks(0).verdict(), LeakSite::HELD);
}

TEST(Merge, HasTheFirstStatusThatIsNotSuccess) {
  EXPECT_EQ(Merge({Shard("a", 1), Shard("b", 1, 8), Shard("c", 1, 9)}).recording().exit_status(), 8);
}

TEST(Merge, IsCompleteOnlyIfAllAre) {
  Report cut = Shard("a", 1);
  cut.mutable_recording()->set_complete(false);
  EXPECT_FALSE(Merge({Shard("b", 1), cut}).recording().complete());
}

TEST(Merge, SaysWhatWasMerged) {
  const Report merged = Merge({Shard("a", 1), Shard("b", 1, 8)});
  EXPECT_THAT(merged.recording().notes(), ElementsAre(HasSubstr("2 recordings were merged")));
  EXPECT_THAT(merged.recording().notes(0), HasSubstr("ctest ended with status 8"));
}

TEST(Merge, OfOneLeavesItAsItIs) {
  const Report one = Shard("a", 1);
  EXPECT_EQ(Merge({one}).SerializeAsString(), one.SerializeAsString());
}

TEST(Merge, PointsFromTestsToTheMergedRows) {
  Report one = Shard("load", 2), two = Shard("store", 9);
  for (Report* report : {&one, &two}) {
    fdtrace::Test& test = *report->add_tests();
    test.set_name(report == &one ? "Load.Once" : "Store.Once");
    test.set_still_open(report->leaks(0).still_open());
    test.add_leaks(0);
    for (Descriptor& each : *report->mutable_leaks(0)->mutable_descriptors()) each.set_test(test.name());
  }
  const Report merged = Merge({one, two});
  ASSERT_EQ(merged.tests_size(), 2);
  EXPECT_EQ(merged.tests(0).name(), "Store.Once");
  EXPECT_THAT(merged.tests(0).leaks(), ElementsAre(0));
  EXPECT_THAT(merged.tests(1).leaks(), ElementsAre(1));
}

TEST(Merge, AddsUpPinnedFiles) {
  ReportMaker one, two;
  one.AddPinned("spool", {"/tmp/a"});
  two.AddPinned("spool", {"/tmp/b", "/tmp/c"});
  const Report merged = Merge({one.report, two.report});
  ASSERT_EQ(merged.pinned_sites_size(), 1);
  EXPECT_EQ(merged.pinned_sites(0).files(), 3u);
  EXPECT_EQ(merged.pinned_sites(0).bytes(), 3 << 20);
  EXPECT_EQ(merged.pinned_files_size(), 3);
}

TEST(Merge, OfDamagedRecordingsGoesNoFurtherThanNumbersDo) {
  ReportMaker one, two;
  one.AddPinned("spool", {"/tmp/a"}).set_bytes(INT64_MAX);
  two.AddPinned("spool", {"/tmp/b"});
  const Report merged = Merge({one.report, two.report});
  ASSERT_EQ(merged.pinned_sites_size(), 1);
  EXPECT_EQ(merged.pinned_sites(0).bytes(), INT64_MAX);
}

}  // namespace
}  // namespace fdtrace
