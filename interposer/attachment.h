// This process's place in the recording: its serial and the memory it shares with the collector.
// Safe in signal handlers and after fork.
//
//  - Holds no descriptor once attached: the two memory files are mapped and closed.
//  - Lives in a page that the kernel wipes on fork (MADV_WIPEONFORK): a forked child finds itself unattached, however
//  it was
//    forked, and says hello at its first event. Arenas are not copied into it (MADV_DONTFORK).
//  - A vfork child shares the memory and must not come here.
#pragma once

#include <atomic>
#include <cstdint>

#include "interposer/last_look.h"
#include "proto/session.h"

namespace fdtrace {

inline constexpr uint32_t kMaxArenas = 256;

enum class Phase : uint32_t { kFresh = 0, kAttached, kGivenUp };

struct Attachment {
  std::atomic<Phase> phase;
  std::atomic<uint32_t> serial;  // set before phase becomes kAttached
  std::atomic<uint32_t> tries;   // events at which no hello was possible
  std::atomic<uint32_t> arena_count;
  std::atomic<bool> records;              // a thread wanted a ring
  std::atomic<uint32_t> talker;           // tid of the thread that is talking to the collector; 0: none
  std::atomic<uint32_t> waiting;          // threads that wait until it has done so
  std::atomic<uint64_t> lifetimes;        // handed out, in blocks
  std::atomic<uint64_t> lost_unattached;  // events that passed while no collector was at hand
  LastLook last_look;
  SessionPage* session;
  std::atomic<Arena*> arenas[kMaxArenas];
};
static_assert(sizeof(Attachment) <= kPageBytes);

// Reads kSessionVariable from the environment, before the program can change it; without it nothing is ever recorded.
void ReadSessionVariable(char** environment);

// At start: true when this process has a place in a recording, or may yet get one (no descriptor was free).
// ARGUMENTS are main's; null: not known. If it gets to say it, MEANWHILE is called while the collector reads.
bool SayFirstHello(char* const* arguments, void (*meanwhile)());

// The attachment, saying hello if this process, a forked child, has not yet done so; null when nothing is recorded: no
// session, no collector, or no descriptor free to reach it with (then it is tried again later).
Attachment* Attach();

// The attachment if there is one already.
Attachment* AttachedAlready();

// One thread at a time talks to the collector, or looks for what others leave; who comes in between waits until that is
// over, for it may be all that was wanted. A signal handler that finds the thread it interrupted at it cannot wait:
// nobody's turn then. Only where kHello may be called (seccomp_calls.h).
class Turn {
 public:
  explicit Turn(Attachment& attachment);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool is_ours() const { return is_ours_; }
  bool anothers_is_over() const { return anothers_is_over_; }

 private:
  std::atomic<uint32_t>& talker_;
  std::atomic<uint32_t>& waiting_;
  bool is_ours_ = false;
  bool anothers_is_over_ = false;
};

// More arenas for this process, in our turn, because every ring is taken. False when the collector gave none.
bool GrowArenas(Attachment& attachment, const Turn& ours);

// The page that is mapped, attached or not; null before the first hello.
const SessionPage* MappedSessionPage();

// In a forked child that goes on with what its parent was about: what is mapped there stays.
void ForgetSessionPage();

// The serial of the process that this memory was copied from or belongs to; 0 before the first hello.
uint32_t MemorySerial();

}  // namespace fdtrace
