// The model against a naive kernel: random programs open, close, duplicate, fork, exec and die; what each descriptor
// came to is written down as it happens, and the trace must say the same, in whatever order the rings are read.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "collector/model_testing.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

constexpr uint32_t kOpenFunction = 1, kCloseFunction = 2, kDup = 3, kDup2 = 4, kCloseRange = 5;
const std::map<uint32_t, std::string> kNames = {{1, "open"}, {2, "close"}, {3, "dup"}, {4, "dup2"}, {5, "close_range"}};
constexpr int kNumbers = 24;
constexpr uint32_t kStacks = 5;
constexpr uint32_t kRings = 3;
constexpr uint64_t kModule = 77;

struct Code {  // where a call was made
  uint64_t address = 0;
  std::string function;
  auto operator<=>(const Code&) const = default;
  friend void PrintTo(const Code& code, std::ostream* out) { *out << code.function << "@" << code.address; }
};

// What became of one descriptor.
struct Fate {
  uint32_t pid = 0;
  int fd = -1;
  Code opener;
  bool ended = false;
  bool unseen = false;
  Code closer;
};

struct Naive {
  uint64_t opened = 0, closed = 0, closed_unseen = 0;
  std::map<Code, uint64_t> closers;
  std::set<std::pair<uint32_t, int>> still_open;  // process, fd
  int64_t now = 0;
  std::vector<uint32_t> history;  // open after each operation
};

struct Slot {
  bool in_kernel = false;
  uint64_t id = 0;       // as the interposer's table has it
  Fate* fate = nullptr;  // of the descriptor this process opened here; null: not its own
};

struct Process {
  uint32_t pid = 0;
  uint32_t serial = 0;
  uint32_t first_serial = 0;
  uint32_t forked_from = 0;
  bool greeted = false;
  bool touched = false;
  bool missed = false;  // the last look found something gone
  uint64_t salt = 0;
  uint64_t ids = 0;
  std::map<int, Slot> slots;
  std::set<uint64_t> told;  // stacks (their hashes) and functions (their numbers) already sent
  std::map<uint32_t, std::deque<Event>> rings;
};

class World {
 public:
  World(uint32_t seed, bool in_order) : random_(seed), in_order_(in_order), model_(MakeModel()) { Start(0); }

  void Run(int steps) {
    for (int i = 0; i < steps && !processes_.empty(); ++i) {
      now_ += 1 + Below(5000);
      Process& process = Any();
      Step(process);
      if (in_order_) {
        DrainAll();
      } else {
        for (uint32_t n = Below(4); n > 0; --n) Deliver();
      }
    }
    while (!processes_.empty()) End(Any());
  }

  void Check() {
    KeptTrace trace;
    ASSERT_TRUE(model_->Write({.duration_ns = now_, .exit_status = 0, .signal = 0, .notes = {}}, trace).ok());
    std::map<Code, Naive> naive = naive_;
    for (const auto& fate : fates_) {
      if (fate->fd <= 2) continue;
      Naive& site = naive[fate->opener];
      ++site.opened;
      site.closed += fate->ended;
      site.closed_unseen += fate->unseen;
      if (fate->ended && !fate->unseen) ++site.closers[fate->closer];
      if (!fate->ended) site.still_open.insert({fate->pid, fate->fd});
    }
    CheckSites(trace, naive);
    CheckTotals(trace);
  }

 private:
  uint32_t Below(uint32_t bound) { return random_() % bound; }
  Process& Any() {
    auto it = processes_.begin();
    std::advance(it, Below(static_cast<uint32_t>(processes_.size())));
    return *it->second;
  }

  Process& Start(uint32_t forked_from) {
    auto process = std::make_unique<Process>();
    process->pid = 1000 + ++last_pid_;
    process->forked_from = forked_from;
    process->salt = last_pid_ * 1'000'000ull;
    Process& result = *process;
    processes_[result.pid] = std::move(process);
    if (forked_from == 0) {
      for (int fd = 0; fd < 4; ++fd) result.slots[fd].in_kernel = true;
      Greet(result);
    }
    return result;
  }

  void Greet(Process& process) {
    if (process.greeted) return;
    process.greeted = true;
    process.serial = ++last_serial_;
    if (process.first_serial == 0) process.first_serial = process.serial;
    pids_[process.first_serial] = process.pid;
    process.ids = 0;
    process.touched = false;
    Image image;
    image.serial = process.serial;
    image.forked_from = process.forked_from;
    image.pid = process.pid;
    image.parent_pid = 1;
    image.started_ns = now_;
    image.present = Seen(InKernel(process));
    model_->ImageStarted(image);
    process.forked_from = 0;
  }

  std::vector<int> InKernel(const Process& process) {
    std::vector<int> numbers;
    for (const auto& [fd, slot] : process.slots) {
      if (slot.in_kernel) numbers.push_back(fd);
    }
    return numbers;
  }

  int Free(const Process& process) {
    for (int tries = 0; tries < 20; ++tries) {
      const int fd = static_cast<int>(Below(kNumbers));
      const auto it = process.slots.find(fd);
      if (it == process.slots.end() || !it->second.in_kernel) return fd;
    }
    return -1;
  }

  int Used(const Process& process) {
    const std::vector<int> numbers = InKernel(process);
    return numbers.empty() ? -1 : numbers[Below(static_cast<uint32_t>(numbers.size()))];
  }

  // A stack and what it takes to understand it, in the ring before its use.
  uint64_t TellStack(Process& process, uint32_t ring, uint64_t address, uint32_t function) {
    auto& events = process.rings[ring];
    if (process.told.insert(function).second) events.push_back(FunctionEvent(function, kNames.at(function)));
    if (process.told.insert(kModule).second) events.push_back(ModuleEvent(kModule, "/lib/program.so"));
    const uint64_t hash = 1000 + process.salt + address;
    if (process.told.insert(hash).second) events.push_back(StackEvent(hash, kModule, address));
    return hash;
  }

  Code AnyCode(uint32_t function) { return {.address = 1 + Below(kStacks), .function = kNames.at(function)}; }

  Fate* NewFate(Process& process, int fd, const Code& code) {
    fates_.push_back(std::make_unique<Fate>());
    Fate* const fate = fates_.back().get();
    fate->pid = process.pid;
    fate->fd = fd;
    fate->opener = code;
    if (fd > 2) Operation(code, +1);
    return fate;
  }
  void EndFate(Fate* fate, const Code& closer, bool unseen = false) {
    fate->ended = true;
    fate->unseen = unseen;
    fate->closer = closer;
    if (fate->fd > 2) Operation(fate->opener, -1);
  }
  void Operation(const Code& code, int change) {
    Naive& site = naive_[code];
    site.now += change;
    site.history.push_back(static_cast<uint32_t>(site.now));
  }

  // An event that closes by number alone: what it closed is told by what was read before it. What comes after it may
  // still be read first.
  void BeforeCloseByNumber(Process& process) { Drain(process); }

  // Opens at fd; `over` what is there, closing it, as dup2 does.
  void Open(Process& process, int fd, uint32_t function, bool over, uint64_t source = 0) {
    const Code code = AnyCode(function);
    const uint32_t ring = Below(kRings);
    Slot& slot = process.slots[fd];
    slot.in_kernel = true;
    Greet(process);
    const uint64_t hash = TellStack(process, ring, code.address, function);
    Slot before = slot;
    if (over && before.id == 0) BeforeCloseByNumber(process);
    if (over && before.id != 0) {
      process.rings[ring].push_back(
          ClosedEvent(now_, {.id = before.id, .fd = fd, .function = function, .stack = hash}));
      if (before.fate != nullptr) EndFate(before.fate, code);
    } else if (before.fate != nullptr) {
      // No id in this image: overwritten by dup2, or its close was never seen.
      EndFate(before.fate, code, /*unseen=*/!over);
    }
    slot = {.in_kernel = true, .id = Id(process.serial, ++process.ids), .fate = NewFate(process, fd, code)};
    const uint64_t replaced = over ? 0 : before.id;
    process.rings[ring].push_back(OpenedEvent(now_, {.id = slot.id,
                                                     .fd = fd,
                                                     .function = function,
                                                     .stack = hash,
                                                     .source = source,
                                                     .replaced = replaced,
                                                     .path = "",
                                                     .overwrote = over}));
    process.touched = true;
  }

  void Close(Process& process, int fd) {
    const Code code = AnyCode(kCloseFunction);
    const uint32_t ring = Below(kRings);
    Slot& slot = process.slots[fd];
    if (slot.id == 0) {
      BeforeCloseByNumber(process);
      slot.in_kernel = false;  // such a close is told after it was made
    }
    Greet(process);
    const uint64_t hash = TellStack(process, ring, code.address, kCloseFunction);
    process.rings[ring].push_back(
        ClosedEvent(now_, {.id = slot.id, .fd = fd, .function = kCloseFunction, .stack = hash}));
    if (slot.fate != nullptr) EndFate(slot.fate, code);
    slot = {};
    process.touched = true;
  }

  void CloseRange(Process& process) {
    // A close that is told just after its descriptor was missed would count as told.
    while (process.missed) Compare(process);
    Greet(process);
    BeforeCloseByNumber(process);
    const Code code = AnyCode(kCloseRange);
    const uint32_t ring = Below(kRings), first = Below(kNumbers);
    const uint32_t last = Below(2) == 0 ? UINT32_MAX : first + Below(6);
    const uint64_t hash = TellStack(process, ring, code.address, kCloseRange);
    for (auto& [fd, slot] : process.slots) {
      if (static_cast<uint32_t>(fd) < first || static_cast<uint32_t>(fd) > last) continue;
      if (slot.id != 0) {
        process.rings[ring].push_back(
            ClosedEvent(now_, {.id = slot.id, .fd = fd, .function = kCloseRange, .stack = hash}));
      }
      if (slot.fate != nullptr) EndFate(slot.fate, code);
      slot = {};
    }
    process.rings[ring].push_back(
        ClosedRangeEvent(now_, {.first = first, .last = last, .function = kCloseRange, .stack = hash}));
    process.touched = true;
  }

  void Fork(Process& parent) {
    if (processes_.size() >= 6) return;
    Process& child = Start(parent.serial);
    child.slots = parent.slots;
    for (auto& [fd, slot] : child.slots) slot.fate = nullptr;
    child.told = parent.told;
    child.salt = parent.salt;
  }

  void Exec(Process& process) {
    Drain(process);
    DrainAll();  // the ancestors' definitions too, as a collector does
    const Code exec = {.address = 0, .function = "exec"};
    for (auto& [fd, slot] : process.slots) {
      if (slot.in_kernel && Below(2) == 0) slot.in_kernel = false;
      if (!slot.in_kernel && slot.fate != nullptr) EndFate(slot.fate, exec);
      if (!slot.in_kernel) slot = {};
      slot.id = 0;
    }
    process.told.clear();
    process.salt = ++salts_ * 1'000'000'000ull;
    process.greeted = false;
    Greet(process);
  }

  void Compare(Process& process) {
    Drain(process);
    process.missed = false;
    model_->Compare(process.serial, Seen(InKernel(process)), now_ + 1);
    for (auto& [fd, slot] : process.slots) {
      if (slot.in_kernel || slot.fate == nullptr) continue;
      EndFate(slot.fate, {}, /*unseen=*/true);
      slot.fate = nullptr;
      process.missed = true;
    }
    EXPECT_EQ(model_->OpenNumbers(process.serial), InKernel(process));
  }

  void End(Process& process) {
    DrainAll();
    if (process.greeted) {
      const bool announced = in_order_ || Below(2) == 0;
      if (announced) Compare(process);
      model_->ProcessEnded(process.serial, now_, announced ? ProcessEnd::kExited : ProcessEnd::kVanished);
      for (auto& [fd, slot] : process.slots) {
        if (slot.fate != nullptr && fd > 2) --naive_[slot.fate->opener].now;
      }
    }
    processes_.erase(process.pid);
  }

  void Step(Process& process) {
    const uint32_t kind = Below(100);
    if (kind < 40) {
      if (const int fd = Free(process); fd >= 0) Open(process, fd, kOpenFunction, false);
    } else if (kind < 43) {
      CloseRange(process);
    } else if (kind < 65) {
      if (const int fd = Used(process); fd >= 0) Close(process, fd);
    } else if (kind < 72) {
      const int source = Used(process), fd = Free(process);
      if (source >= 0 && fd >= 0) Open(process, fd, kDup, false, process.slots[source].id);
    } else if (kind < 80) {
      if (const int fd = Used(process); fd >= 0 && process.greeted) Open(process, fd, kDup2, true);
    } else if (kind < 84) {
      if (const int fd = Used(process); fd >= 0 && !in_order_ && process.touched) process.slots[fd].in_kernel = false;
    } else if (kind < 86) {
      if (!in_order_ && process.touched) OpenUnseen(process);
    } else if (kind < 91) {
      if (process.greeted) Fork(process);
    } else if (kind < 94) {
      if (process.greeted) Exec(process);
    } else if (kind < 98) {
      if (process.greeted) Compare(process);
    } else if (processes_.size() > 1) {
      End(process);
    }
  }

  // By a raw system call, at a number whose slot is empty: else two unseen changes would look like none. What is closed
  // by number alone is told apart by the order of events, so none may be under way.
  void OpenUnseen(Process& process) {
    Compare(process);
    while (process.missed) Compare(process);
    const int fd = Free(process);
    if (fd >= 0 && process.slots[fd].id == 0 && process.slots[fd].fate == nullptr) process.slots[fd].in_kernel = true;
  }

  void Deliver() {
    Process& process = Any();
    if (process.rings.empty()) return;
    auto it = process.rings.begin();
    std::advance(it, Below(static_cast<uint32_t>(process.rings.size())));
    if (it->second.empty()) return;
    model_->Consume(process.serial, it->first, it->second.front());
    it->second.pop_front();
  }

  void Drain(Process& process) {
    while (true) {
      std::vector<uint32_t> full;
      for (const auto& [ring, events] : process.rings) {
        if (!events.empty()) full.push_back(ring);
      }
      if (full.empty()) return;
      const uint32_t ring = full[Below(static_cast<uint32_t>(full.size()))];
      model_->Consume(process.serial, ring, process.rings[ring].front());
      process.rings[ring].pop_front();
    }
  }

  void DrainAll() {
    for (const auto& [pid, process] : processes_) Drain(*process);
  }

  static Code CodeOf(const KeptTrace& trace, uint32_t stack, const std::string& function) {
    const TraceStack* const found = trace.StackAt(stack);
    if (found == nullptr) return {.address = 0, .function = function};
    EXPECT_EQ(found->frames_size(), 1);
    EXPECT_EQ(trace.modules.at(found->frames(0).module() - 1).path(), "/lib/program.so");
    return {.address = found->frames(0).address(), .function = function};
  }

  void CheckSites(const KeptTrace& trace, std::map<Code, Naive>& naive) {
    std::map<uint32_t, std::set<std::pair<uint32_t, int>>> still_open;
    for (const TraceDescriptor& descriptor : trace.descriptors) {
      if (descriptor.site() == 0) continue;
      EXPECT_TRUE(still_open[descriptor.site()].insert({pids_.at(descriptor.process()), descriptor.fd()}).second);
    }
    std::set<Code> met;
    for (const TraceSite& site : trace.sites) {
      const Code code = CodeOf(trace, site.stack(), site.function());
      SCOPED_TRACE(testing::Message() << code.function << " at " << code.address);
      EXPECT_TRUE(met.insert(code).second) << "one site for one place";
      const Naive& expected = naive[code];
      EXPECT_EQ(site.opened(), expected.opened);
      EXPECT_EQ(site.closed(), expected.closed);
      EXPECT_EQ(site.closed_unseen(), expected.closed_unseen);
      EXPECT_EQ(site.still_open(), expected.still_open.size());
      EXPECT_EQ(site.opened(), site.closed() + site.still_open());
      EXPECT_EQ(still_open[site.index()], expected.still_open);
      std::map<Code, uint64_t> closers;
      for (const TraceClosedAt& at : site.closed_at()) closers[CodeOf(trace, at.stack(), at.function())] += at.count();
      EXPECT_EQ(closers, expected.closers);
      uint64_t lifetimes = 0;
      for (const uint64_t count : site.lifetimes()) lifetimes += count;
      EXPECT_EQ(lifetimes, site.closed() - site.closed_unseen());
      EXPECT_LE(site.first_opened_ns(), site.last_opened_ns());
      EXPECT_LE(site.last_opened_ns(), site.last_active_ns());
      EXPECT_LE(site.last_active_ns(), now_ + 1);
      if (in_order_) CheckShape(site, expected.history);
    }
    uint64_t sites = 0;
    for (const auto& [code, site] : naive) sites += site.opened != 0;
    EXPECT_EQ(met.size(), sites);
  }

  static void CheckShape(const TraceSite& site, const std::vector<uint32_t>& history) {
    EXPECT_EQ(site.peak_open(), *std::max_element(history.begin(), history.end()));
    size_t per_window = 1;
    while ((history.size() + per_window - 1) / per_window > 64) per_window *= 2;
    std::vector<uint32_t> low, high;
    for (size_t i = 0; i < history.size(); i += per_window) {
      const auto end = history.begin() + static_cast<long>(std::min(history.size(), i + per_window));
      low.push_back(*std::min_element(history.begin() + static_cast<long>(i), end));
      high.push_back(*std::max_element(history.begin() + static_cast<long>(i), end));
    }
    EXPECT_EQ(site.shape().operations_per_window(), per_window);
    EXPECT_EQ(std::vector<uint32_t>(site.shape().low().begin(), site.shape().low().end()), low);
    EXPECT_EQ(std::vector<uint32_t>(site.shape().high().begin(), site.shape().high().end()), high);
  }

  void CheckTotals(const KeptTrace& trace) {
    EXPECT_EQ(trace.end.opened(), fates_.size());
    uint64_t still_open = 0, unseen = 0, opened = 0, opened_unseen = 0;
    for (const TraceSite& site : trace.sites) still_open += site.still_open();
    for (const TraceProcess& process : trace.processes) {
      opened += process.opened();
      unseen += process.closed_unseen();
      opened_unseen += process.opened_unseen();
    }
    EXPECT_EQ(trace.end.still_open(), still_open);
    EXPECT_EQ(trace.end.opened(), opened);
    EXPECT_EQ(trace.end.closed_unseen(), unseen);
    EXPECT_EQ(trace.end.opened_unseen(), opened_unseen);
    EXPECT_EQ(trace.end.events_lost(), 0u)
        << testing::PrintToString(std::vector<std::string>(trace.end.notes().begin(), trace.end.notes().end()));
    if (in_order_) {
      EXPECT_EQ(trace.end.closed_unseen(), 0u);
      EXPECT_EQ(trace.end.opened_unseen(), 0u);
      EXPECT_TRUE(trace.end.complete());
    }
  }

  std::mt19937 random_;
  bool in_order_;
  std::unique_ptr<Model> model_;
  uint64_t now_ = 0;
  uint32_t last_pid_ = 0;
  uint32_t last_serial_ = 0;
  uint64_t salts_ = 0;
  std::map<uint32_t, std::unique_ptr<Process>> processes_;
  std::map<uint32_t, uint32_t> pids_;  // by the process's serial in the trace
  std::vector<std::unique_ptr<Fate>> fates_;
  std::map<Code, Naive> naive_;
};

TEST(ModelPropertyTest, WhateverTheOrderOfRingsEveryDescriptorIsCountedOnceAndRight) {
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, /*in_order=*/false);
    world.Run(300);
    world.Check();
    if (testing::Test::HasFailure()) return;  // one seed says enough
  }
}

TEST(ModelPropertyTest, InOrderEvenPeaksAndShapesAreThoseOfANaiveCount) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, /*in_order=*/true);
    world.Run(seed % 10 == 0 ? 5000 : 300);
    world.Check();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace fdtrace
