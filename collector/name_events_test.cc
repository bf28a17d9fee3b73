#include "collector/name_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

NameEvent At(uint64_t at_ns, const std::string& path) {
  return {.what = NameEvent::kLinked, .at_ns = at_ns, .path = path};
}

std::vector<std::string> TakeAll(NameEvents& events) {
  std::vector<std::string> taken;
  while (const auto event = events.Take()) taken.push_back(event->path);
  return taken;
}

TEST(NameEventsTest, ComeOutInTheOrderOfTheirTimes) {
  NameEvents events;
  for (const uint64_t at_ns : {3, 1, 4, 1, 5, 9, 2, 6}) events.Add(At(at_ns, std::to_string(at_ns)));
  EXPECT_FALSE(events.TakeDue().has_value());
  EXPECT_THAT(TakeAll(events), ElementsAre("1", "1", "2", "3", "4", "5", "6", "9"));
}

TEST(NameEventsTest, OfOneTimeComeOutAsTheyWereTold) {
  NameEvents events;
  for (const char* const path : {"a", "b", "c", "d", "e"}) events.Add(At(7, path));
  EXPECT_THAT(TakeAll(events), ElementsAre("a", "b", "c", "d", "e"));
}

TEST(NameEventsTest, TheEarliestIsDueWhenMoreThanMayWaitAreThere) {
  NameEvents events(/*max_waiting=*/2);
  events.Add(At(3, "third"));
  events.Add(At(2, "second"));
  EXPECT_FALSE(events.TakeDue().has_value());
  events.Add(At(4, "fourth"));
  EXPECT_EQ(events.TakeDue()->path, "second");
  EXPECT_FALSE(events.TakeDue().has_value());
}

}  // namespace
}  // namespace fdtrace
