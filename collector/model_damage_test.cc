// Whatever the events say, sums hold and nothing falls over.
#include <random>

#include "collector/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

class ModelDamageTest : public ModelTest {};

// Whatever the events say, sums hold and nothing falls over.
TEST_F(ModelDamageTest, DamagedEventsNeverBreakTheSums) {
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
      switch (random() % 14) {
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
        case 8:
          event = KeptEvent({.fd = fd, .id = weird(), .function = static_cast<uint32_t>(weird()), .stack = weird()});
          break;
        case 9:
          event = random() % 2 ? ExecutingEvent(weird(), random() % 2) : SpawnedEvent(static_cast<uint32_t>(weird()));
          if (random() % 4 == 0) event = ExecFailedEvent();
          break;
        case 10:
          event = SentEvent(weird(), {.id = weird(),
                                      .fd = fd,
                                      .function = static_cast<uint32_t>(weird()),
                                      .stack = weird(),
                                      .inode = weird()});
          break;
        case 11: {
          UntracedProgram program = {.executable = "/u", .command_line = {}, .reason = "so", .present = {}};
          if (random() % 2) program.present = Seen({0, 5, static_cast<int>(random() % 8), -1});
          if (random() % 20 == 0) model_->BecameUntraced(serial, program);
          event.mutable_confined()->set_no_hello(true);
          break;
        }
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
          event.mutable_opened()->set_inode(weird());
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
    for (const TraceDescriptor& descriptor : trace_.descriptors) {
      ASSERT_LE(descriptor.site(), trace_.sites.size());
      ASSERT_LE(descriptor.first_site(), trace_.sites.size());
    }
    for (const TraceInherited& inherited : trace_.inherited) {
      ASSERT_LE(inherited.site(), trace_.sites.size());
      ASSERT_GE(inherited.count(), static_cast<uint64_t>(inherited.fds_size()));
      ASSERT_GE(inherited.fds_size(), 1);
    }
    ASSERT_LE(trace_.timeline.open_size(), 512);
    ASSERT_LT(trace_.end.opened_unseen(), 1'000'000u);
    ASSERT_LT(trace_.end.closed_unseen(), 1'000'000u);
    ASSERT_FALSE(trace_.end.SerializeAsString().empty());
  }
}

}  // namespace
}  // namespace fdtrace
