#include "interposer/attachment.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstring>
#include <span>

#include "interposer/late_numbers.h"
#include "interposer/memory.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "interposer/self_description.h"
#include "interposer/start.h"
#include "interposer/text.h"

namespace fdtrace {
namespace {

// How long a hello may take before the program goes on without being recorded.
constexpr timeval kHelloLimit = {.tv_sec = 5, .tv_usec = 0};

// How often an image looks for its answer before it sleeps. By then it mostly has it: to fall asleep and to be woken,
// perhaps on another processor, would take longer.
constexpr int kMaxLooks = 200;

constexpr uint32_t kMaxGrowth = 16;  // arenas at a time

constinit std::atomic<Attachment*> g_attachment{nullptr};
constinit std::atomic<uint32_t> g_memory_serial{0};
// One for all processes of the recording. Mapped in forked children as well, who count there if they cannot say hello;
// whatever else they know is wiped.
constinit std::atomic<SessionPage*> g_session_page{nullptr};

struct SessionAddress {
  bool known;
  socklen_t length;
  sockaddr_un socket;
  char cookie[kCookieBytes];
};
constinit SessionAddress g_address = {};

Attachment* MakePage() {
  auto* fresh = static_cast<Attachment*>(AllocatePages(kPageBytes));
  if (fresh == nullptr) return nullptr;
  // Without wiping, a forked child would write into its parent's rings: better not to record at all (Linux < 4.14).
  if (Failed(RawSyscall(SYS_madvise, fresh, kPageBytes, MADV_WIPEONFORK))) return nullptr;
  g_attachment.store(fresh, std::memory_order_release);
  return fresh;
}

// A descriptor of ours for the time of the hello, closed on every way out.
class ScopedDescriptor {
 public:
  explicit ScopedDescriptor(long fd) : fd_(fd) {}
  ScopedDescriptor(const ScopedDescriptor&) = delete;
  ~ScopedDescriptor() {
    if (valid()) RawSyscall(SYS_close, fd_);
  }
  bool valid() const { return fd_ >= 0; }
  long get() const { return fd_; }

 private:
  long fd_;
};

enum class Inherited { kNo, kYes };

void* MapShared(long fd, size_t bytes, Inherited inherited) {
  const long result =
      RawSyscall(SYS_mmap, nullptr, static_cast<long>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (Failed(result)) return nullptr;
  if (inherited == Inherited::kNo) RawSyscall(SYS_madvise, result, static_cast<long>(bytes), MADV_DONTFORK);
  // One page more in a core file is not worth a call in every program.
  if (bytes > kPageBytes) RawSyscall(SYS_madvise, result, static_cast<long>(bytes), MADV_DONTDUMP);
  return reinterpret_cast<void*>(result);
}

enum class Answer { kWelcome, kNotNow, kNever };

struct Mapped {
  uint32_t serial;
  uint64_t given;  // as in Welcome
  SessionPage* session;
  Arena* arena;
};

// Waits until the collector has answered: then it hangs up. The answer itself must not wake us: the kernel takes who
// sends for about to sleep, and puts whom that wakes on the same processor, to wait there for it. A hanging up wakes
// where we were. False: it did not answer in time.
bool IsAnswered(long connection) {
  pollfd end = {.fd = static_cast<int>(connection), .events = 0, .revents = 0};
  timespec none = {};
  for (int look = 0; look < kMaxLooks; ++look) {
    if (RawSyscall(SYS_ppoll, &end, 1, reinterpret_cast<long>(&none)) > 0) return true;
    RawSyscall(SYS_sched_yield);  // the collector may be the one to run here
  }
  timespec rest = {.tv_sec = kHelloLimit.tv_sec, .tv_nsec = 0};  // the kernel counts it down
  long ended;
  do ended = RawSyscall(SYS_ppoll, &end, 1, reinterpret_cast<long>(&rest));
  while (ended == -EINTR);
  return ended != 0;
}

Answer ReceiveWelcome(long connection, Welcome& welcome, int (&fds)[2]) {
  iovec part = {&welcome, sizeof welcome};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const long got = RawSyscall(SYS_recvmsg, connection, reinterpret_cast<long>(&message), MSG_CMSG_CLOEXEC);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  int received = 0;
  if (!Failed(got) && header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    received = static_cast<int>((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(fds, CMSG_DATA(header), static_cast<size_t>(received) * sizeof(int));
  }
  if (got == sizeof welcome && received == 2) return Answer::kWelcome;
  for (int i = 0; i < received; ++i) RawSyscall(SYS_close, fds[i]);
  // Cut short: the table was full. Else the collector did not answer, and the program waits for it no second time.
  return got == sizeof welcome && (message.msg_flags & MSG_CTRUNC) != 0 ? Answer::kNotNow : Answer::kNever;
}

// The kernel drops what it cannot place; asked beforehand, the collector is not told of a process that it then welcomes
// in vain.
bool HasRoomForTwo(long connection) {
  const ScopedDescriptor first(RawSyscall(SYS_fcntl, connection, F_DUPFD_CLOEXEC, 0));
  const ScopedDescriptor second(RawSyscall(SYS_fcntl, connection, F_DUPFD_CLOEXEC, 0));
  return second.valid();
}

// Likewise of memory, of which a limit may leave too little.
bool HasMemoryFor(size_t bytes) {
  rlimit limit = {};
  if (MayCall(OurCall::kLimits) && RawSyscall(SYS_prlimit64, 0L, RLIMIT_AS, 0, reinterpret_cast<long>(&limit)) == 0 &&
      limit.rlim_cur == RLIM_INFINITY) {
    return true;
  }
  const long room = RawSyscall(SYS_mmap, nullptr, static_cast<long>(bytes), PROT_NONE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (Failed(room)) return false;
  RawSyscall(SYS_munmap, room, static_cast<long>(bytes));
  return true;
}

SessionPage* MapSessionPage(long file) {
  SessionPage* page = g_session_page.load(std::memory_order_relaxed);
  if (page != nullptr) return page;
  page = static_cast<SessionPage*>(MapShared(file, kPageBytes, Inherited::kYes));
  g_session_page.store(page, std::memory_order_relaxed);
  return page;
}

// The message: a Hello, and after it what an image tells of itself.
struct Introduction {
  Hello hello;
  unsigned char image[kMaxImageBytes];
};
static_assert(offsetof(Introduction, image) == sizeof(Hello));

struct Saying {
  Hello& hello;                   // to be filled in; perhaps that of an Introduction
  size_t image_bytes = 0;         // which follow it
  void (*meanwhile)() = nullptr;  // what there is to do while the collector reads
};

// One conversation with the collector: hello, welcome, two mappings; no descriptor is left.
Answer SayHello(HelloKind kind, const Saying& saying, Mapped& mapped) {
  if (!g_address.known) return Answer::kNever;
  const ScopedDescriptor connection(RawSyscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC));
  if (!connection.valid() || !HasRoomForTwo(connection.get())) return Answer::kNotNow;
  const size_t bytes = sizeof(Arena) + (g_session_page.load(std::memory_order_relaxed) == nullptr ? kPageBytes : 0);
  if (!HasMemoryFor(bytes)) return kind == HelloKind::kForked ? Answer::kNever : Answer::kNotNow;
  RawSyscall(SYS_setsockopt, connection.get(), SOL_SOCKET, SO_SNDTIMEO, reinterpret_cast<long>(&kHelloLimit),
             sizeof kHelloLimit);
  RawSyscall(SYS_setsockopt, connection.get(), SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<long>(&kHelloLimit),
             sizeof kHelloLimit);
  if (Failed(RawSyscall(SYS_connect, connection.get(), reinterpret_cast<long>(&g_address.socket), g_address.length))) {
    return Answer::kNever;
  }
  Hello& hello = saying.hello;
  hello.version = kProtocolVersion;
  hello.kind = kind;
  std::memcpy(hello.cookie, g_address.cookie, kCookieBytes);
  hello.parent_serial = g_memory_serial.load(std::memory_order_relaxed);
  hello.tid = static_cast<uint32_t>(RawSyscall(SYS_gettid));
  hello.pid = static_cast<uint32_t>(RawSyscall(SYS_getpid));
  hello.socket_fd = static_cast<int32_t>(connection.get());
  const auto bytes_to_send = static_cast<long>(sizeof hello + saying.image_bytes);
  const long sent =
      RawSyscall(SYS_sendto, connection.get(), reinterpret_cast<long>(&hello), bytes_to_send, MSG_NOSIGNAL, 0, 0);
  if (sent != bytes_to_send) return Answer::kNever;
  if (saying.meanwhile != nullptr) saying.meanwhile();
  // An image tells of itself where no filter is.
  if (saying.image_bytes != 0 && !IsAnswered(connection.get())) return Answer::kNever;

  Welcome welcome = {};
  int fds[2] = {-1, -1};
  if (const Answer answer = ReceiveWelcome(connection.get(), welcome, fds); answer != Answer::kWelcome) return answer;
  const ScopedDescriptor session_file(fds[0]);
  const ScopedDescriptor arena_file(fds[1]);
  if (welcome.version != kProtocolVersion || welcome.arena_bytes != sizeof(Arena)) return Answer::kNever;
  mapped.serial = welcome.serial;
  mapped.given = welcome.given;
  mapped.session = MapSessionPage(session_file.get());
  mapped.arena = static_cast<Arena*>(MapShared(arena_file.get(), sizeof(Arena), Inherited::kNo));
  return mapped.session != nullptr && mapped.arena != nullptr ? Answer::kWelcome : Answer::kNever;
}

bool MayTryNow(Attachment& page) {
  // After a refusal for want of a descriptor: at the 1st, 2nd, 4th, 8th, … event from then on.
  const uint32_t tries = page.tries.fetch_add(1, std::memory_order_relaxed);
  return (tries & (tries + 1)) == 0 || tries % 1024 == 0;
}

bool SayHelloAs(HelloKind kind, const Saying& saying, Attachment& page) {
  Mapped mapped = {};
  const Answer answer = SayHello(kind, saying, mapped);
  if (answer != Answer::kWelcome) {
    if (answer == Answer::kNever) {
      SessionPage* const session = g_session_page.load(std::memory_order_relaxed);
      if (session != nullptr) session->unreached.fetch_add(1, std::memory_order_relaxed);
      page.phase.store(Phase::kGivenUp, std::memory_order_release);
    }
    return false;
  }
  page.session = mapped.session;
  page.arenas[0].store(mapped.arena, std::memory_order_relaxed);
  page.arena_count.store(1, std::memory_order_relaxed);
  page.serial.store(mapped.serial, std::memory_order_relaxed);
  g_memory_serial.store(mapped.serial, std::memory_order_relaxed);
  const uint64_t lost = page.lost_unattached.exchange(0);
  mapped.arena->header.lost.fetch_add(lost, std::memory_order_relaxed);
  page.last_look.Begin(lost == 0 ? mapped.given : 0);
  page.phase.store(Phase::kAttached, std::memory_order_release);
  return true;
}

Attachment* AttachNow(Attachment& page, const Saying& saying) {
  if (!MayCall(OurCall::kHello)) return nullptr;
  if (MayTryNow(page)) {
    const Turn turn(page);
    if (turn.is_ours() && page.phase.load(std::memory_order_acquire) == Phase::kFresh) {
      SayHelloAs(MemorySerial() == 0 ? HelloKind::kImage : HelloKind::kForked, saying, page);
    }
  }
  if (page.phase.load(std::memory_order_acquire) == Phase::kAttached) return &page;
  page.lost_unattached.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace

void ReadSessionVariable(char** environment) {
  constexpr size_t kNameBytes = sizeof kSessionVariable - 1;
  if (g_address.known || environment == nullptr) return;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (!TextStarts(*entry, kSessionVariable) || (*entry)[kNameBytes] != '=') continue;
    const char* const name = *entry + kNameBytes + 1;
    const char* colon = name;
    while (*colon != '\0' && *colon != ':') ++colon;
    if (*colon != ':' || TextLength(colon + 1) < kCookieBytes) return;
    const char* const wish = colon + 1 + kCookieBytes;
    const bool reuse_late = TextEquals(wish, kReuseLate);
    if (*wish != '\0' && !reuse_late) return;
    const auto name_bytes = static_cast<size_t>(colon - name);
    if (name_bytes == 0 || name_bytes + 1 > sizeof g_address.socket.sun_path) return;
    g_address.socket.sun_family = AF_UNIX;
    std::memcpy(g_address.socket.sun_path + 1, name, name_bytes);  // abstract: the first byte stays 0
    g_address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_bytes);
    std::memcpy(g_address.cookie, colon + 1, kCookieBytes);
    g_address.known = true;
    if (reuse_late) ReuseLate();
    return;
  }
}

const SessionPage* MappedSessionPage() { return g_session_page.load(std::memory_order_relaxed); }

void ForgetSessionPage() { g_session_page.store(nullptr, std::memory_order_relaxed); }

uint32_t MemorySerial() { return g_memory_serial.load(std::memory_order_relaxed); }

Attachment* AttachedAlready() {
  Attachment* const page = g_attachment.load(std::memory_order_acquire);
  return page != nullptr && page->phase.load(std::memory_order_acquire) == Phase::kAttached ? page : nullptr;
}

Attachment* Attach() {
  Attachment* page = g_attachment.load(std::memory_order_acquire);
  if (page == nullptr) [[unlikely]] {
    Start(nullptr);  // a library's constructor came before ours
    page = g_attachment.load(std::memory_order_acquire);
    if (page == nullptr) return nullptr;
  }
  const Phase phase = page->phase.load(std::memory_order_acquire);
  if (phase == Phase::kAttached) [[likely]]
    return page;
  Hello hello = {};
  return phase == Phase::kGivenUp ? nullptr : AttachNow(*page, {hello});
}

bool SayFirstHello(char* const* arguments, void (*meanwhile)()) {
  if (!g_address.known) return false;
  Attachment* const page = MakePage();
  if (page == nullptr) return false;
  Introduction introduction;  // on the stack of a program that starts, there is room
  introduction.hello = {};
  const size_t image_bytes = DescribeImage(std::span(introduction.image), arguments);
  return AttachNow(*page, {introduction.hello, image_bytes, meanwhile}) != nullptr ||
         page->phase.load(std::memory_order_acquire) != Phase::kGivenUp;
}

Turn::Turn(Attachment& attachment) : talker_(attachment.talker), waiting_(attachment.waiting) {
  constexpr timespec kWait = {.tv_sec = 1, .tv_nsec = 0};
  constexpr int kMaxWaits = 10;  // ten seconds: twice as long as a hello may take
  const auto tid = static_cast<uint32_t>(RawSyscall(SYS_gettid));
  uint32_t owner = 0;
  is_ours_ = talker_.compare_exchange_strong(owner, tid, std::memory_order_seq_cst);
  if (is_ours_ || owner == tid) return;
  waiting_.fetch_add(1, std::memory_order_seq_cst);
  for (int wait = 0; !anothers_is_over_ && wait < kMaxWaits; ++wait) {
    RawSyscall(SYS_futex, &talker_, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, owner, reinterpret_cast<long>(&kWait));
    anothers_is_over_ = talker_.load(std::memory_order_acquire) != owner;
  }
  waiting_.fetch_sub(1, std::memory_order_relaxed);
}

Turn::~Turn() {
  if (!is_ours_) return;
  talker_.store(0, std::memory_order_seq_cst);
  if (waiting_.load(std::memory_order_seq_cst) == 0) return;
  RawSyscall(SYS_futex, &talker_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX);
}

bool GrowArenas(Attachment& attachment, const Turn&) {
  const uint32_t before = attachment.arena_count.load(std::memory_order_relaxed);
  uint32_t count = before;
  // Twice as many as there were: a thousand threads that start at once are soon served.
  for (const uint32_t wanted = std::min({2 * before, before + kMaxGrowth, kMaxArenas}); count < wanted; ++count) {
    Mapped mapped = {};
    Hello hello = {};
    if (SayHello(HelloKind::kMoreRings, {hello}, mapped) != Answer::kWelcome) break;
    attachment.arenas[count].store(mapped.arena, std::memory_order_relaxed);
    attachment.arena_count.store(count + 1, std::memory_order_release);
  }
  return count > before;
}

}  // namespace fdtrace
