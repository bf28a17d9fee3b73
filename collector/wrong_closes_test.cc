#include "collector/wrong_closes.h"

#include "collector/model_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::SizeIs;

class WrongClosesTest : public testing::Test {
 protected:
  uint32_t Place(const std::string& function, uint32_t stack = 0) { return sites_.Place(stack, sites_.Name(function)); }

  TraceBadClose::Kind KindOf(const std::string& call, const std::string& previous, const std::string& opener) {
    WrongCloses wrong;
    wrong.Count({.at = Place(call), .previously_closed_at = Place(previous), .originally_opened_at = Place(opener)});
    return Written(wrong).at(0).kind();
  }

  std::vector<TraceBadClose> Written(const WrongCloses& wrong) {
    KeptTrace trace;
    EXPECT_TRUE(wrong.Write(sites_, trace).ok());
    return trace.bad_closes;
  }

  Sites sites_;
};

TEST_F(WrongClosesTest, AreOfAKindByTheFunctionsThatHadAPart) {
  EXPECT_EQ(KindOf("close", "close", "open"), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(KindOf("close", "fclose", "fopen"), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(KindOf("fclose", "close", "fopen64"), TraceBadClose::CLOSED_BENEATH_STREAM);
  EXPECT_EQ(KindOf("pclose", "close_range", "popen"), TraceBadClose::CLOSED_BENEATH_STREAM);
  EXPECT_EQ(KindOf("closedir", "close", "opendir"), TraceBadClose::CLOSED_BENEATH_STREAM);
  EXPECT_EQ(KindOf("endmntent", "close", "setmntent"), TraceBadClose::CLOSED_BENEATH_STREAM);
  // The stream may have been closed before, and another have had its number.
  EXPECT_EQ(KindOf("fclose", "close", "open"), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(KindOf("fclose", "pclose", "popen"), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(KindOf("write", "close", "open"), TraceBadClose::USE_AFTER_CLOSE);
  EXPECT_EQ(KindOf("dup2", "close", "socket"), TraceBadClose::USE_AFTER_CLOSE);
}

TEST_F(WrongClosesTest, ToAskWhetherANumberIsOpenIsNone) {
  WrongCloses wrong;
  wrong.Count({.at = Place("fcntl64"), .previously_closed_at = Place("close")});
  wrong.Count({.what = WrongClose::kNeverOpened, .at = Place("fcntl")});
  EXPECT_THAT(Written(wrong), SizeIs(0));
}

TEST_F(WrongClosesTest, AreCountedByWhereTheyWereAndWhereTheNumberWasClosedBefore) {
  WrongCloses wrong;
  const uint32_t at = sites_.UnresolvedPlace();
  wrong.Count(
      {.at = at, .previously_closed_at = Place("close"), .originally_opened_at = Place("open"), .fd = 4, .at_ns = 20});
  wrong.Count({.at = Place("close"),
               .previously_closed_at = Place("close"),
               .originally_opened_at = Place("creat"),
               .fd = 3,
               .at_ns = 10});
  wrong.Count({.at = at, .previously_closed_at = Place("fclose"), .fd = 9, .at_ns = 30});
  sites_.Resolve(at, Place("close"));
  WrongCloses all;
  all.Add(wrong, 7);
  const std::vector<TraceBadClose> rows = Written(all);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].at().count(), 2u);
  EXPECT_EQ(rows[0].fd(), 3);
  EXPECT_EQ(rows[0].originally_opened_at().function(), "creat");
  EXPECT_EQ(rows[0].process(), 7u);
  EXPECT_EQ(rows[1].fd(), 9);
}

}  // namespace
}  // namespace fdtrace
