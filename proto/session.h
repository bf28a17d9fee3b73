// What the interposer and the collector agree on beside the protobuf messages: how a process finds its collector, and
// the layout of the memory they share.
//
// A session is one recording. The collector listens on an abstract Unix socket (SOCK_SEQPACKET) whose name is in the
// environment. A process sends one Hello, and if it is a program image that has just started, in the same message what
// it tells of itself (image.proto). It receives one Welcome with two memory files: the session page, the same for all,
// and an arena of its own. It maps both and closes every descriptor again.
//
// Included by both sides, so: libc only, fixed-width integers, atomics that are lock-free.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fdtrace {

// Both sides come from one build; a library left over from another is refused at Hello.
inline constexpr uint32_t kProtocolVersion = 7;

// "NAME:COOKIE": the abstract socket's name, and 32 hexadecimal digits that prove the right to speak.
inline constexpr char kSessionVariable[] = "FDTRACE_SESSION";
// After the cookie, with --reuse=late.
inline constexpr char kReuseLate[] = "+late";

inline constexpr size_t kMaxFrames = 128;  // native ones of a stack
inline constexpr size_t kMaxPythonFrames = 128;
inline constexpr size_t kMaxStackFrames = 192;  // of both together
inline constexpr size_t kMaxPathBytes = 1024;
inline constexpr size_t kMaxThreadNameBytes = 39;  // the kernel's have 15, Python's any number
inline constexpr size_t kMaxMarkBytes = 1024;
inline constexpr size_t kMaxEventBytes = 4096;
inline constexpr size_t kMaxImageBytes = 4096;  // after a Hello
inline constexpr int kMostGiven = 64;           // descriptors are told there, and in Welcome::given, below this number

inline constexpr size_t kPageBytes = 4096;
inline constexpr size_t kCookieBytes = 32;

// Why a process says hello.
enum class HelloKind : uint32_t {
  kImage = 1,      // a program image starts: after exec, or the first
  kForked = 2,     // a forked child, at its first event
  kMoreRings = 3,  // all rings of the arenas at hand are taken
  kStop = 4        // the recording shall end; of fdtrace itself, which gets no Welcome but a StopAnswer
};

struct Hello {
  uint32_t version;
  HelloKind kind;
  char cookie[kCookieBytes];
  uint32_t parent_serial;  // kForked: the serial of the process whose memory was copied; kMoreRings: its own; else 0
  uint32_t tid;            // of the caller, as it sees itself
  uint32_t pid;       // of the process, as it sees itself: another than the collector sees in another pid namespace
  int32_t socket_fd;  // the caller's number for the connection: no descriptor of the program's
};

enum class StopOutcome : uint32_t {
  kWritten = 1,  // the trace is there
  kLost = 2,     // the recording has ended, and the trace could not be written
  kRefused = 3   // it is not for the asker to end it
};

struct StopAnswer {
  StopOutcome outcome;
  uint32_t collector_pid;
  int64_t started_unix_ns;  // when the recording did
  char error[1008];         // unless written: why; ends with it or with a NUL
};

struct Welcome {
  uint32_t version;
  uint32_t serial;  // of this process in the recording, from 1; lifetime ids are made from it
  uint64_t arena_bytes;
  // Of an image that starts: the numbers, by their bits, of what it was given, if they are all below kMostGiven and a
  // last look before its exit would tell no more of them than the first did. Else 0.
  uint64_t given;
};

// Lifetime id: the serial of the process that made it, and a count. Fits the 56 bits the descriptor table has for it.
inline constexpr int kLifetimeCountBits = 36;
inline constexpr int kLifetimeIdBits = 56;
inline constexpr uint32_t kMaxSerial = (1u << (kLifetimeIdBits - kLifetimeCountBits)) - 1;

// The session page. One for all processes, so that the collector sleeps on one word.
struct SessionPage {
  // A robust futex that the collector holds as long as it lives: the kernel marks it when the collector dies, however
  // it dies, so one load tells.
  alignas(64) std::atomic<uint32_t> collector_lock;
  char lock_room[60];  // for more of a lock, should one need it

  alignas(64) std::atomic<uint32_t> bell;  // rung (incremented, then futex wake) when the collector must not sleep on
  std::atomic<uint32_t> unreached;         // forked children that could not say hello; their events are lost
  std::atomic<uint32_t> collector_sleeps;  // 1 while it waits on the bell: else ringing needs no system call
};
static_assert(sizeof(SessionPage) <= kPageBytes);

// Linux futex(2): set in the word by the kernel when the owner of a robust futex has died.
inline constexpr uint32_t kFutexOwnerDied = 0x40000000;
inline constexpr uint32_t kFutexTidMask = 0x3fffffff;

inline bool CollectorLives(const SessionPage& page) {
  const uint32_t word = page.collector_lock.load(std::memory_order_relaxed);
  return (word & kFutexTidMask) != 0 && (word & kFutexOwnerDied) == 0;
}

// A ring: one writing thread, one reader, bytes of [length (4, little endian) | Event]* between tail and head.
//  - head and tail only grow; the byte at position p is data[p % kRingBytes].
//  - Everything before head is complete: a writer that dies in mid-record loses that record alone.
//  - Only the writer moves head and reserved; only the reader moves tail.
inline constexpr uint64_t kRingBytes = uint64_t{128} * 1024;
inline constexpr uint32_t kRingsPerArena = 64;
inline constexpr uint64_t kLikelyRingBytes = kRingBytes / 4;  // a process's first thread mostly writes no more
inline constexpr size_t kScratchBytes = 16 * kPageBytes;

struct RingHeader {
  alignas(64) std::atomic<uint64_t> head;  // published bytes
  std::atomic<uint64_t> reserved;          // >= head: claimed by the writer and the signal handlers above it
  std::atomic<uint32_t> owner;             // tid of the writer as it sees itself; 0: free
  std::atomic<uint64_t> lost;              // events dropped because the ring stayed full
  alignas(64) std::atomic<uint64_t> tail;  // consumed bytes
};

struct ArenaHeader {
  uint32_t version;
  uint32_t serial;
  std::atomic<uint32_t> exit_wanted;  // counts exits announced; the collector answers by raising exit_done to it
  std::atomic<uint32_t> exit_done;    // futex
  std::atomic<uint64_t> lost;         // events dropped for want of a ring
  std::atomic<uint32_t> settled;  // 1: the process exits and does not wait, for it holds what it was given and no more
  std::atomic<uint64_t> stackless;  // opens whose stack could not be taken
};

struct Arena {
  union {
    ArenaHeader header;
    char header_room[kPageBytes];
  };
  RingHeader rings[kRingsPerArena];
  alignas(kPageBytes) unsigned char data[kRingsPerArena][kRingBytes];
  // For the ring's writer alone: where it puts events together, so that it needs little of a small signal stack.
  alignas(kPageBytes) unsigned char scratch[kRingsPerArena][kScratchBytes];
};

static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);
static_assert(sizeof(RingHeader) == 128);

}  // namespace fdtrace
