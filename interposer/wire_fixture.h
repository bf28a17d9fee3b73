// What the interposer writes, kept in a list instead of a ring: the transport replaced at its boundary. For one source
// file of a test program.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "interposer/event_writer.h"
#include "interposer/hook_scope.h"
#include "interposer/readable_address.h"
#include "interposer/ring_writer.h"
#include "proto/event.pb.h"

extern "C" {
__thread fdtrace::ThreadState fdtrace_thread = {};
}

namespace fdtrace {
bool IsReadable(const void*) { return true; }
inline std::vector<std::string> g_written;
inline RingHeader g_ring;

HookScope::HookScope(Purpose) : saved_errno_(0) {}
std::span<unsigned char> HookScope::event_buffer() const {
  static unsigned char buffer[kMaxEventBytes];
  return buffer;
}
HookScope::~HookScope() {}
bool WriteRecord(const HookScope&, std::span<const unsigned char> event) {
  g_written.emplace_back(event.begin(), event.end());
  return true;
}

class WireTest : public ::testing::Test {
 protected:
  WireTest() {
    g_written.clear();
    g_ring.owner = 77;
    fdtrace_thread.ring = &g_ring;
  }
  // The last event written; those before it introduce the thread and the function.
  static Event Last() {
    Event event;
    EXPECT_TRUE(event.ParseFromString(g_written.back())) << g_written.back().size() << " bytes";
    return event;
  }
  const HookScope scope_;
};

}  // namespace fdtrace
