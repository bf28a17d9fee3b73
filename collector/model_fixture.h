// A model in a test: a clock that goes on with each event, the first program, and the trace that comes of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collector/model_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {

inline constexpr uint64_t kMs = 1'000'000;

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
    for (const Event& event :
         {FunctionEvent(1, "open", FILE), FunctionEvent(2, "close"), FunctionEvent(3, "dup"), FunctionEvent(4, "dup2"),
          FunctionEvent(5, "socket", SOCKET), FunctionEvent(6, "close_range"), ModuleEvent(7, "/bin/program"),
          StackEvent(11, 7, 0x11), StackEvent(12, 7, 0x12)}) {
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
  void SendClosedRange(const RangeCall& range, uint32_t serial = 1) {
    Send(ClosedRangeEvent(now_ += kMs, range), serial);
  }
  // That another program is about to run, and what it is to receive.
  void SendExecuting(const std::vector<KeptDescriptor>& kept, uint32_t serial = 1, bool spawns = false,
                     uint32_t ring = 0) {
    for (const KeptDescriptor& one : kept) Send(KeptEvent(one), serial, ring);
    Send(ExecutingEvent(now_ += kMs, spawns), serial, ring);
  }
  // A program says hello: in the process of that pid, or in a new one.
  void StartProgram(uint32_t serial, uint32_t pid, const std::vector<int>& present, const std::string& executable,
                    uint32_t parent_pid = 1) {
    Image image = At(serial, pid, present);
    image.executable = executable;
    image.parent_pid = parent_pid;
    model_->ImageStarted(image);
    Define(serial);
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

  // Of the site with that index, what its stack's only frame is at; 0: there is no such site.
  uint64_t AddressOf(uint32_t site) const {
    if (site == 0 || site > trace_.sites.size()) return 0;
    const TraceStack* const stack = trace_.StackAt(trace_.sites[site - 1].stack());
    return stack == nullptr ? 0 : stack->frames(0).address();
  }

  const TraceSite& OnlySite() {
    Written();
    EXPECT_THAT(trace_.sites, ::testing::SizeIs(1));
    return trace_.sites.at(0);
  }

  std::unique_ptr<Model> model_ = MakeModel();
  uint64_t now_ = 0;
  KeptTrace trace_;
};

inline CloseCall CloseOf(uint64_t id, int fd = 3, uint64_t stack = 12) {
  return {.id = id, .fd = fd, .function = 2, .stack = stack};
}

}  // namespace fdtrace
