// A model in a test, whose processes open, grow, remove and hold files of device 1.
#pragma once

#include <string>
#include <vector>

#include "collector/model_fixture.h"

namespace fdtrace {

inline constexpr uint64_t kMiB = 1 << 20;

inline FileFacts File(uint64_t inode, uint64_t bytes = 0, uint64_t links = 1) {
  return {.device = 1, .inode = inode, .links = links, .bytes = bytes, .apparent_bytes = bytes};
}
inline FileFacts Nameless(uint64_t inode, uint64_t bytes = 0) { return File(inode, bytes, 0); }

class ModelFilesTest : public ModelTest {
 protected:
  void SetUp() override {
    StartFirst();
    Also(1);
  }

  // What these tests name beside the usual.
  void Also(uint32_t serial) {
    Send(FunctionEvent(7, "unlink"), serial);
    Send(FunctionEvent(8, "memfd_create", MEMFD), serial);
    for (uint64_t stack = 21; stack < 40; ++stack) Send(StackEvent(stack, 7, stack), serial);
  }
  void Fork(uint32_t serial, uint32_t from, const std::vector<int>& present) {
    Image image = At(serial, 100 + serial, {}, from);
    for (const int fd : present) image.present.push_back({.fd = fd, .link = {}, .description = {}, .file = {}});
    model_->ImageStarted(image);
  }
  void SendUnlinked(const UnlinkCall& call, uint32_t serial = 1, uint32_t ring = 0) {
    Send(UnlinkedEvent(now_ += kMs, call), serial, ring);
  }
  void LookAtFiles(const std::vector<SeenFile>& files, uint32_t serial = 1) {
    model_->FilesHeld(serial, files, now_ += kMs);
  }
  void End(uint32_t serial = 1, ProcessEnd how = ProcessEnd::kExited) {
    model_->ProcessEnded(serial, now_ += kMs, how);
  }

  // The address of a place's only frame; 0: it has no stack.
  uint64_t AddressAt(const TracePlace& place) const {
    const TraceStack* const stack = trace_.StackAt(place.stack());
    return stack == nullptr ? 0 : stack->frames(0).address();
  }
  const TracePinned& OnlyPinned() {
    Written();
    EXPECT_THAT(trace_.pinned, ::testing::SizeIs(1));
    static const TracePinned none;
    return trace_.pinned.empty() ? none : trace_.pinned[0];
  }
};

// "process:fd" of each holder, those alive when recording ended with a "+".
inline std::vector<std::string> HoldersOf(const TracePinned& file) {
  std::vector<std::string> holders;
  for (const TraceHolder& one : file.holders()) {
    holders.push_back(std::to_string(one.process()) + ":" + std::to_string(one.fd()) + (one.alive() ? "+" : ""));
  }
  return holders;
}

}  // namespace fdtrace
