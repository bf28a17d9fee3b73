#include "collector/model.h"

#include <random>
#include <string>
#include <vector>

#include "collector/model_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kMs = 1'000'000;

class ModelTest : public testing::Test {
 protected:
  Image At(uint32_t serial, uint32_t pid, const std::vector<int>& present, uint32_t forked_from = 0) {
    Image image;
    image.serial = serial;
    image.pid = pid;
    image.parent_pid = 1;
    image.forked_from = forked_from;
    image.executable = "/bin/program";
    image.started_ns = now_;
    image.present = Seen(present);
    return image;
  }

  // The first program: serial 1, with 0-2, and the usual definitions.
  void StartFirst(const std::vector<int>& present = {0, 1, 2}) {
    model_->ImageStarted(At(1, 100, present));
    Define(1);
  }

  void Define(uint32_t serial) {
    for (const Event& event : {FunctionEvent(1, "open", FILE), FunctionEvent(2, "close"), FunctionEvent(3, "dup"),
                               FunctionEvent(4, "dup2"), FunctionEvent(5, "socket", SOCKET),
                               ModuleEvent(7, "/bin/program"), StackEvent(11, 7, 0x11), StackEvent(12, 7, 0x12)}) {
      model_->Consume(serial, 0, event);
    }
  }

  void Send(const Event& event, uint32_t serial = 1, uint32_t ring = 0) { model_->Consume(serial, ring, event); }
  void SendOpened(const OpenCall& open, uint32_t serial = 1, uint32_t ring = 0) {
    Send(OpenedEvent(now_ += kMs, open), serial, ring);
  }
  void SendClosed(const CloseCall& close, uint32_t serial = 1, uint32_t ring = 0) {
    Send(ClosedEvent(now_ += kMs, close), serial, ring);
  }
  void Look(const std::vector<int>& numbers, uint32_t serial = 1) {
    model_->Compare(serial, Seen(numbers), now_ += kMs);
  }

  const KeptTrace& Written() {
    RecordingEnd end;
    end.duration_ns = now_;
    trace_ = KeptTrace();
    EXPECT_TRUE(model_->Write(end, trace_).ok());
    return trace_;
  }

  const TraceSite& OnlySite() {
    Written();
    EXPECT_THAT(trace_.sites, SizeIs(1));
    return trace_.sites.at(0);
  }

  std::unique_ptr<Model> model_ = MakeModel();
  uint64_t now_ = 0;
  KeptTrace trace_;
};

CloseCall CloseOf(uint64_t id, int fd = 3, uint64_t stack = 12) {
  return {.id = id, .fd = fd, .function = 2, .stack = stack};
}

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

TEST_F(ModelTest, TheSameCodeInTwoProcessesIsOneSite) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2}));
  Define(2);
  Send(StackEvent(99, 7, 0x11), 2);  // another hash, the same frames
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendOpened({.id = Id(2, 1), .stack = 99}, 2);
  EXPECT_EQ(OnlySite().opened(), 2u);
}

TEST_F(ModelTest, ADescriptorKeepsItsThread) {
  StartFirst();
  Send(ThreadEvent(41, "a name far too long"), 1, 5);
  SendOpened({.id = Id(1, 1), .stack = 11}, 1, 5);
  Send(ThreadEvent(42, "next"), 1, 5);
  Written();
  ASSERT_THAT(trace_.descriptors, SizeIs(1));
  EXPECT_EQ(trace_.descriptors[0].tid(), 41u);
  EXPECT_EQ(trace_.descriptors[0].thread(), "a name far too ");
}

TEST_F(ModelTest, AStackThatComesAfterItsUseJoinsTheSiteItBelongsTo) {
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

TEST_F(ModelTest, StacksThatNeverComeAreCountedInANote) {
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

TEST_F(ModelTest, AForkedChildUsesWhatItsAncestorsDefinedEvenAfterTheirEnd) {
  StartFirst();
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  model_->ImageStarted(At(2, 200, {0, 1, 2}, /*forked_from=*/1));
  SendOpened({.id = Id(2, 1), .stack = 11}, 2);
  EXPECT_EQ(OnlySite().function(), "open");
  EXPECT_NE(trace_.sites[0].stack(), 0u);
}

TEST_F(ModelTest, AChainOfForkingDaemonsKeepsTheDefinitions) {
  StartFirst();
  for (uint32_t serial = 2; serial < 200; ++serial) {
    model_->ImageStarted(At(serial, 100 + serial, {}, serial - 1));
    model_->ProcessEnded(serial - 1, now_, ProcessEnd::kExited);
  }
  SendOpened({.id = Id(199, 1), .stack = 11}, 199);
  EXPECT_NE(OnlySite().stack(), 0u);
}

TEST_F(ModelTest, AChildsCopyThatEndsIsNoCloseOfTheParents) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .stack = 11});
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  SendClosed(CloseOf(Id(1, 1)), 2);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2));
  EXPECT_THAT(model_->OpenNumbers(1), ElementsAre(0, 1, 2, 3));
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  EXPECT_EQ(OnlySite().still_open(), 1u);
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
}

TEST_F(ModelTest, AChildsCopiesAreNoLeaksOfItsOwn) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .stack = 11});
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  Look({0, 1, 2, 3}, 2);
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  SendClosed(CloseOf(Id(1, 1)));
  EXPECT_EQ(OnlySite().still_open(), 0u);
  EXPECT_THAT(trace_.descriptors, IsEmpty());
  EXPECT_EQ(trace_.processes[1].open_at_exit(), 4u);
  EXPECT_EQ(trace_.end.opened_unseen(), 0u);
}

// The child says hello at its first event, when the descriptor is already open: /proc shows it as if it were a copy.
TEST_F(ModelTest, TheDescriptorsThatTheHelloCameUponAreNotTakenForCopies) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2, 8, 9}, 1));
  SendOpened({.id = Id(2, 1), .fd = 8, .stack = 11, .companion = 9}, 2);
  SendOpened({.id = Id(2, 2), .fd = 9, .stack = 11, .companion = 8}, 2);
  Written();
  EXPECT_EQ(trace_.processes[1].peak_open(), 5u);
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
}

TEST_F(ModelTest, ExecEndsWhatIsNoLongerThereAndKeepsTheRest) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 11});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 4}));
  Define(2);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2, 4));
  SendClosed(CloseOf(0, 4), 2);
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed(), 2u);
  EXPECT_EQ(site.closed_unseen(), 0u);
  ASSERT_EQ(site.closed_at_size(), 2);
  EXPECT_EQ(site.closed_at(0).function() == "exec" ? site.closed_at(0).stack() : site.closed_at(1).stack(), 0u);
  EXPECT_THAT(trace_.processes, SizeIs(1));
}

TEST_F(ModelTest, ALifetimeThatLivesOverExecIsStillItsOpenersLeak) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11, .path = "kept"});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 3, 30}));
  Look({0, 1, 2, 3, 30}, 2);
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  EXPECT_EQ(OnlySite().still_open(), 1u);
  ASSERT_THAT(trace_.descriptors, SizeIs(2));
  EXPECT_TRUE(trace_.descriptors[0].inherited() != trace_.descriptors[1].inherited());
  for (const TraceDescriptor& descriptor : trace_.descriptors) EXPECT_EQ(descriptor.inherited(), descriptor.fd() == 30);
}

TEST_F(ModelTest, WhatThereWasBeforeTheProgramIsInheritedAndNoLeak) {
  StartFirst({0, 1, 2, 9});
  Written();
  ASSERT_THAT(trace_.descriptors, SizeIs(1)) << "0-2 are left out";
  EXPECT_TRUE(trace_.descriptors[0].inherited());
  EXPECT_EQ(trace_.descriptors[0].link(), "/of/9");
  EXPECT_EQ(trace_.end.still_open(), 0u);
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

TEST_F(ModelTest, AReplacedLifetimeEndsUnseen) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendOpened({.id = Id(1, 2), .stack = 11, .replaced = Id(1, 1)});
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed(), 1u);
  EXPECT_EQ(site.closed_unseen(), 1u);
  EXPECT_THAT(site.lifetimes(), IsEmpty()) << "when it ended is not known";
  EXPECT_EQ(trace_.processes[0].closed_unseen(), 1u);
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

TEST_F(ModelTest, Dup2OverAnInheritedDescriptorIsASeenClose) {
  StartFirst({0, 1, 2, 9});
  SendOpened({.id = Id(1, 1), .fd = 9, .function = 4, .stack = 11, .overwrote = true});
  Look({0, 1, 2, 9});
  Written();
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
  EXPECT_EQ(trace_.end.opened_unseen(), 0u);
  EXPECT_EQ(trace_.end.still_open(), 1u);
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

TEST_F(ModelTest, ALookCorrectsWhatNoEventTold) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 11});
  Look({0, 1, 2, 4, 20});
  EXPECT_THAT(model_->OpenNumbers(1), ElementsAre(0, 1, 2, 4, 20));
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed_unseen(), 1u);
  EXPECT_EQ(site.still_open(), 1u);
  EXPECT_EQ(trace_.processes[0].opened_unseen(), 1u);
  EXPECT_EQ(trace_.processes[0].closed_unseen(), 1u);
  EXPECT_EQ(trace_.processes[0].open_at_exit(), 5u);
  ASSERT_THAT(trace_.descriptors, SizeIs(2));
  EXPECT_EQ(trace_.descriptors[0].link(), "/of/4");
  EXPECT_EQ(trace_.descriptors[1].site(), 0u);
  EXPECT_EQ(trace_.descriptors[1].fd(), 20);
}

TEST_F(ModelTest, AnEventUnderWayWhileTheProcessIsLookedAtMakesNoCorrection) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  Look({0, 1, 2, 7});  // 3 is closed, 7 opened: the events are still to come
  SendClosed(CloseOf(Id(1, 1), 3));
  SendOpened({.id = Id(1, 2), .fd = 7, .stack = 11});
  SendOpened({.id = Id(1, 3), .fd = 8, .stack = 11});
  model_->Compare(1, Seen({0, 1, 2, 7}), now_);  // 8 began since
  Look({0, 1, 2, 7, 8});
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed(), 1u);
  EXPECT_EQ(site.closed_unseen(), 0u);
  EXPECT_EQ(trace_.end.opened_unseen(), 0u);
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
  EXPECT_TRUE(trace_.end.complete());
}

TEST_F(ModelTest, AnotherObjectAtTheNumberEndsTheLifetime) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .function = 5, .stack = 11});
  Look({0, 1, 2, 3});  // a file, where a socket was made
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.still_open(), 0u);
  EXPECT_EQ(site.closed_unseen(), 1u);
  EXPECT_EQ(trace_.end.opened_unseen(), 1u);
  ASSERT_THAT(trace_.descriptors, SizeIs(1));
  EXPECT_EQ(trace_.descriptors[0].site(), 0u);
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

TEST_F(ModelTest, NamesFromAStrangersMemoryDoNotSpoilTheTrace) {
  StartFirst();
  Event function = FunctionEvent(9, "");
  function.mutable_function()->set_name("\xff\xfe\n");
  Send(function);
  SendOpened({.id = Id(1, 1), .function = 9, .stack = 11});
  EXPECT_EQ(OnlySite().function(), "???");
}

// Whatever the events say, sums hold and nothing falls over.
TEST_F(ModelTest, DamagedEventsNeverBreakTheSums) {
  std::mt19937_64 random(5);
  const auto weird = [&]() -> uint64_t {
    switch (random() % 6) {
      case 0:
        return random();
      case 1:
        return 0;
      case 2:
        return UINT64_MAX;
      case 3:
        return Id(1 + random() % 3, random() % 8);
      default:
        return random() % 8;
    }
  };
  for (int round = 0; round < 200; ++round) {
    model_ = MakeModel();
    model_->ImageStarted(At(1, 100, {0, 1, 2, 5, -7}));
    model_->ImageStarted(At(2, 101, {0, 1, 2, 5}, 1));
    for (int i = 0; i < 500; ++i) {
      const auto serial = static_cast<uint32_t>(1 + random() % 3), ring = static_cast<uint32_t>(random() % 3);
      const auto fd = static_cast<int>(random() % 10 == 0 ? random() : random() % 8);
      Event event;
      switch (random() % 10) {
        case 0:
          event = StackEvent(weird(), weird(), weird());
          if (random() % 4 == 0) event.mutable_stack()->add_modules(weird());
          break;
        case 1:
          event = FunctionEvent(static_cast<uint32_t>(weird()), random() % 2 ? "dup2" : "open",
                                static_cast<Resource>(weird()));
          break;
        case 2:
          event = ModuleEvent(weird(), "/m");
          break;
        case 3:
          model_->Compare(serial, Seen({0, 1, static_cast<int>(random() % 8), -1}), weird() >> 8);
          break;
        case 4:
          if (random() % 20 == 0)
            model_->ImageStarted(
                At(static_cast<uint32_t>(3 + random() % 9), 100 + random() % 3, {1, 2, 3}, random() % 4));
          break;
        case 5:
        case 6:
          event = ClosedEvent(weird(),
                              {.id = weird(), .fd = fd, .function = static_cast<uint32_t>(weird()), .stack = weird()});
          break;
        case 7:
          event = ClosedRangeEvent(weird(), {.first = static_cast<uint32_t>(weird()),
                                             .last = static_cast<uint32_t>(weird()),
                                             .function = static_cast<uint32_t>(weird()),
                                             .stack = weird()});
          break;
        default:
          event = OpenedEvent(weird(), {.id = weird(),
                                        .fd = fd,
                                        .function = static_cast<uint32_t>(weird()),
                                        .stack = weird(),
                                        .source = weird(),
                                        .replaced = weird(),
                                        .path = "p",
                                        .overwrote = random() % 2 == 0});
          event.mutable_opened()->set_companion(static_cast<int>(weird()));
      }
      model_->Consume(serial, ring, event);
    }
    Written();
    uint64_t still_open = 0;
    for (const TraceSite& site : trace_.sites) {
      ASSERT_EQ(site.opened(), site.closed() + site.still_open());
      uint64_t seen = 0, lived = 0;
      for (const TraceClosedAt& at : site.closed_at()) seen += at.count();
      for (const uint64_t count : site.lifetimes()) lived += count;
      ASSERT_EQ(site.closed(), seen + site.closed_unseen());
      ASSERT_EQ(lived, seen);
      ASSERT_LE(site.peak_open(), site.opened());
      still_open += site.still_open();
    }
    ASSERT_EQ(trace_.end.still_open(), still_open);
    uint64_t descriptors = 0;
    for (const TraceDescriptor& descriptor : trace_.descriptors) descriptors += descriptor.site() != 0;
    ASSERT_EQ(descriptors, still_open);
    ASSERT_LE(trace_.timeline.open_size(), 512);
    ASSERT_LT(trace_.end.opened_unseen(), 1'000'000u);
    ASSERT_LT(trace_.end.closed_unseen(), 1'000'000u);
    ASSERT_FALSE(trace_.end.SerializeAsString().empty());
  }
}

}  // namespace
}  // namespace fdtrace
