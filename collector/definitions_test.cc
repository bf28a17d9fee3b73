// What functions and stacks are called by, in whatever order it is told.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "collector/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

class DefinitionsTest : public ModelTest {};

TEST_F(DefinitionsTest, TheSameCodeInTwoProcessesIsOneSite) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2}));
  Define(2);
  Send(StackEvent(99, 7, 0x11), 2);  // another hash, the same frames
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendOpened({.id = Id(2, 1), .stack = 99}, 2);
  EXPECT_EQ(OnlySite().opened(), 2u);
}

TEST_F(DefinitionsTest, AStackThatComesAfterItsUseJoinsTheSiteItBelongsTo) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 13});
  SendClosed(CloseOf(Id(1, 1)));
  Send(StackEvent(13, 7, 0x11));
  SendOpened({.id = Id(1, 2), .fd = 3, .stack = 11});
  SendOpened({.id = Id(1, 3), .fd = 4, .stack = 13});
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.opened(), 3u);
  EXPECT_EQ(site.still_open(), 2u);
  EXPECT_EQ(trace_.StackAt(site.stack())->frames(0).address(), 0x11u);
}

TEST_F(DefinitionsTest, SitesThatTurnOutToBeOneAddUpHowLongTheirDescriptorsLived) {
  for (const bool joined_lived_longer : {false, true}) {
    model_ = MakeModel();
    StartFirst();
    const auto use = [&](uint64_t number, uint64_t stack, uint64_t lived_ms) {
      SendOpened({.id = Id(1, number), .fd = 3, .stack = stack});
      now_ += (lived_ms - 1) * kMs;
      SendClosed(CloseOf(Id(1, number)));
    };
    use(1, 13, joined_lived_longer ? 100 : 1);
    use(2, 11, joined_lived_longer ? 1 : 100);
    Send(StackEvent(13, 7, 0x11));
    use(3, 13, 1);
    std::vector<uint64_t> expected(17);  // up to [65.536 ms, 131.072 ms)
    expected[9] = 2;
    expected[16] = 1;
    EXPECT_THAT(OnlySite().lifetimes(), ElementsAreArray(expected)) << joined_lived_longer;
  }
}

TEST_F(DefinitionsTest, StacksThatNeverComeAreCountedInANote) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 55});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 56});
  SendOpened({.id = Id(1, 3), .fd = 5, .function = 77, .stack = 11});
  Written();
  ASSERT_THAT(trace_.sites, SizeIs(2)) << "one for open, one for a function that nobody named";
  EXPECT_EQ(trace_.sites[0].stack(), 0u);
  EXPECT_EQ(trace_.sites[0].opened(), 2u);
  EXPECT_EQ(trace_.sites[1].function(), "?");
  EXPECT_THAT(std::vector<std::string>(trace_.end.notes().begin(), trace_.end.notes().end()),
              Contains(HasSubstr("The stacks of 2 opened descriptors were lost")));
}

TEST_F(DefinitionsTest, AForkedChildUsesWhatItsAncestorsDefinedEvenAfterTheirEnd) {
  StartFirst();
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  model_->ImageStarted(At(2, 200, {0, 1, 2}, /*forked_from=*/1));
  SendOpened({.id = Id(2, 1), .stack = 11}, 2);
  EXPECT_EQ(OnlySite().function(), "open");
  EXPECT_NE(trace_.sites[0].stack(), 0u);
}

TEST_F(DefinitionsTest, AChainOfForkingDaemonsKeepsTheDefinitions) {
  StartFirst();
  for (uint32_t serial = 2; serial < 200; ++serial) {
    model_->ImageStarted(At(serial, 100 + serial, {}, serial - 1));
    model_->ProcessEnded(serial - 1, now_, ProcessEnd::kExited);
  }
  SendOpened({.id = Id(199, 1), .stack = 11}, 199);
  EXPECT_NE(OnlySite().stack(), 0u);
}

TEST_F(DefinitionsTest, CodeIsToldOfOnceHoweverManyStacksLeadThroughIt) {
  std::vector<std::pair<std::string, uint64_t>> told;
  model_ = MakeModel([&](const TraceModule& module, uint64_t address) { told.emplace_back(module.path(), address); });
  StartFirst();
  Send(ModuleEvent(8, "/lib/other.so"));
  Event longer = StackEvent(13, 7, 0x11);
  longer.mutable_stack()->add_modules(8);
  longer.mutable_stack()->add_addresses(0x11);
  Send(longer);
  Send(longer);
  Event later = StackEvent(14, 9, 0x31);  // its module is told afterwards
  later.mutable_stack()->add_modules(7);
  later.mutable_stack()->add_addresses(0x12);
  Send(later);
  Send(ModuleEvent(9, "/lib/late.so"));
  Send(later);
  EXPECT_THAT(told, ElementsAre(Pair("/bin/program", 0x11), Pair("/bin/program", 0x12), Pair("/lib/other.so", 0x11),
                                Pair("/lib/late.so", 0x31)));
}

TEST_F(DefinitionsTest, NamesFromAStrangersMemoryDoNotSpoilTheTrace) {
  StartFirst();
  Event function = FunctionEvent(9, "");
  function.mutable_function()->set_name("\xff\xfe\n");
  Send(function);
  SendOpened({.id = Id(1, 1), .function = 9, .stack = 11});
  EXPECT_EQ(OnlySite().function(), "???");
}

}  // namespace
}  // namespace fdtrace
