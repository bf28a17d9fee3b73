#include "collector/naive_kernel.h"

#include <iterator>

#include "collector/naive_process.h"
#include "gtest/gtest.h"

namespace fdtrace::naive {
NaiveKernel::NaiveKernel(uint32_t seed, bool in_order, bool passes_by)
    : random_(seed), in_order_(in_order), passes_by_(passes_by), model_(MakeModel()) {
  Start(0);
}

NaiveKernel::~NaiveKernel() = default;

void NaiveKernel::Run(int steps) {
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

Process& NaiveKernel::Any() {
  auto it = processes_.begin();
  std::advance(it, Below(static_cast<uint32_t>(processes_.size())));
  return *it->second;
}

Process& NaiveKernel::Start(uint32_t forked_from) {
  auto process = std::make_unique<Process>();
  process->pid = 1000 + ++last_pid_;
  process->forked_from = forked_from;
  process->salt = last_pid_ * 1'000'000ull;
  Process& result = *process;
  processes_[result.pid] = std::move(process);
  if (forked_from == 0) {
    for (int fd = 0; fd < 4; ++fd) result.slots[fd].in_kernel = true;
    Greet(result);
    // What fdtrace's caller gave it.
    inherited_[{Code(), result.executable}] = {.count = 1, .fds = {3}, .process = result.first_serial, .opener_pid = 0};
  }
  return result;
}

uint64_t NaiveKernel::NextId(Process& process) {
  Process& of = process.vforked_from != nullptr ? *process.vforked_from : process;
  return Id(of.serial, ++of.ids);
}

// A child of vfork has its parent's one.
uint32_t NaiveKernel::AnyRing(const Process& process) { return process.vforked_from != nullptr ? 0 : Below(kRings); }

Code NaiveKernel::AnyCode(uint32_t function) {
  return {.address = 1 + Below(kStacks), .function = kNames.at(function)};
}

// A descriptor that the model has found is believed to be there.
void NaiveKernel::Confirm(Slot& slot) {
  opened_unseen_ += slot.known == Known::kOnce;
  slot.known = Known::kYes;
}

// It is found to be gone. False: the model did not know it.
bool NaiveKernel::Miss(Slot& slot) {
  const bool known = slot.fate != nullptr || slot.known == Known::kYes;
  closed_unseen_ += known;
  slot.known = Known::kNo;
  if (slot.fate != nullptr) EndFate(slot.fate, {}, /*unseen=*/true);
  slot.fate = nullptr;
  return known;
}

void NaiveKernel::Greet(Process& process) {
  if (process.greeted) return;
  process.greeted = true;
  for (const auto& [pid, parent] : processes_) {
    if (process.forked_from != 0 && parent->serial == process.forked_from) Drain(*parent);  // as the session does
  }
  process.serial = ++last_serial_;
  if (process.first_serial == 0) process.first_serial = process.serial;
  pids_[process.first_serial] = process.pid;
  process.ids = 0;
  process.touched = false;
  Image image;
  image.serial = process.serial;
  image.forked_from = process.forked_from;
  image.pid = process.pid;
  image.parent_pid = process.parent_pid;
  image.executable = process.executable;
  image.started_ns = now_;
  image.present = Seen(InKernel(process));
  for (auto& [fd, slot] : process.slots) {
    if (slot.in_kernel) Confirm(slot);
  }
  model_->ImageStarted(image);
  process.forked_from = 0;
  if (std::exchange(process.new_program, false)) Receive(process);
}

std::vector<int> NaiveKernel::InKernel(const Process& process) {
  std::vector<int> numbers;
  for (const auto& [fd, slot] : process.slots) {
    if (slot.in_kernel) numbers.push_back(fd);
  }
  return numbers;
}

int NaiveKernel::Free(const Process& process) {
  for (int tries = 0; tries < 20; ++tries) {
    const int fd = static_cast<int>(Below(kNumbers));
    const auto it = process.slots.find(fd);
    if (it == process.slots.end() || !it->second.in_kernel) return fd;
  }
  return -1;
}

int NaiveKernel::Used(const Process& process) {
  const std::vector<int> numbers = InKernel(process);
  return numbers.empty() ? -1 : numbers[Below(static_cast<uint32_t>(numbers.size()))];
}

// A stack and what it takes to understand it, in the ring before its use.
uint64_t NaiveKernel::TellStack(Process& process, uint32_t ring, uint64_t address, uint32_t function) {
  auto& events = process.rings[ring];
  if (process.told.insert(function).second) events.push_back(FunctionEvent(function, kNames.at(function)));
  if (process.told.insert(kModule).second) events.push_back(ModuleEvent(kModule, "/lib/program.so"));
  const uint64_t hash = 1000 + process.salt + address;
  if (process.told.insert(hash).second) events.push_back(StackEvent(hash, kModule, address));
  return hash;
}

Fate* NaiveKernel::NewFate(Process& process, int fd, const Code& code) {
  fates_.push_back(std::make_unique<Fate>());
  Fate* const fate = fates_.back().get();
  fate->pid = process.pid;
  fate->fd = fd;
  fate->opener = code;
  if (fd > 2) Operation(code, +1);
  return fate;
}

void NaiveKernel::EndFate(Fate* fate, const Code& closer, bool unseen) {
  fate->ended = true;
  fate->unseen = unseen;
  fate->closer = closer;
  if (fate->fd > 2) Operation(fate->opener, -1);
}

void NaiveKernel::Operation(const Code& code, int change) {
  SiteCount& site = naive_[code];
  site.now += change;
  site.history.push_back(static_cast<uint32_t>(site.now));
}

// Opens at fd; `over` what is there, closing it, as dup2 does.
void NaiveKernel::Open(Process& process, int fd, uint32_t function, bool over, uint64_t source) {
  const Code code = AnyCode(function);
  const uint32_t ring = AnyRing(process);
  Slot& slot = process.slots[fd];
  slot.in_kernel = true;
  if (!process.greeted) {
    Greet(process);
    slot.known = Known::kNo;  // the hello came upon it
  }
  const uint64_t hash = TellStack(process, ring, code.address, function);
  Slot before = slot;
  if (over && before.id == 0) BeforeCloseByNumber(process);
  if (over && before.id != 0) {
    process.rings[ring].push_back(ClosedEvent(now_, {.id = before.id, .fd = fd, .function = function, .stack = hash}));
    if (before.fate != nullptr) EndFate(before.fate, code);
  } else if (over && before.fate != nullptr) {
    EndFate(before.fate, code);
  } else if (!over) {
    Miss(before);
  }
  slot = {.in_kernel = true,
          .id = NextId(process),
          .fate = NewFate(process, fd, code),
          .function = function,
          .stack = hash,
          .opener = code,
          .opener_pid = process.pid};
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

void NaiveKernel::Close(Process& process, int fd) {
  const Code code = AnyCode(kCloseFunction);
  const uint32_t ring = AnyRing(process);
  Slot& slot = process.slots[fd];
  const bool was_unknown = process.greeted && slot.id == 0 && slot.fate == nullptr && slot.known == Known::kNo;
  if (slot.id == 0) {
    BeforeCloseByNumber(process);
    slot.in_kernel = false;  // such a close is told after it was made
  }
  Greet(process);
  const uint64_t hash = TellStack(process, ring, code.address, kCloseFunction);
  process.rings[ring].push_back(
      ClosedEvent(now_, {.id = slot.id, .fd = fd, .function = kCloseFunction, .stack = hash}));
  if (slot.fate != nullptr) EndFate(slot.fate, code);
  opened_unseen_ += was_unknown || slot.known == Known::kOnce;
  slot = {};
  Touch(process);
}

void NaiveKernel::CloseRange(Process& process) {
  // A close that is told just after its descriptor was missed would count as told.
  while (process.missed) Compare(process);
  now_ += 2;
  Greet(process);
  BeforeCloseByNumber(process);
  const Code code = AnyCode(kCloseRange);
  const uint32_t ring = AnyRing(process), first = Below(kNumbers);
  const uint32_t last = Below(2) == 0 ? UINT32_MAX : first + Below(6);
  const uint64_t hash = TellStack(process, ring, code.address, kCloseRange);
  for (auto& [fd, slot] : process.slots) {
    if (static_cast<uint32_t>(fd) < first || static_cast<uint32_t>(fd) > last) continue;
    if (slot.id != 0) {
      process.rings[ring].push_back(
          ClosedEvent(now_, {.id = slot.id, .fd = fd, .function = kCloseRange, .stack = hash}));
    }
    if (slot.fate != nullptr) EndFate(slot.fate, code);
    opened_unseen_ += slot.known == Known::kOnce;
    slot = {};
  }
  process.rings[ring].push_back(
      ClosedRangeEvent(now_, {.first = first, .last = last, .function = kCloseRange, .stack = hash}));
  Touch(process);
}

void NaiveKernel::Compare(Process& process) {
  Drain(process);
  process.missed = false;
  model_->Compare(process.serial, Seen(InKernel(process)), now_ + 1);
  for (auto& [fd, slot] : process.slots) {
    if (!slot.in_kernel) {
      process.missed |= Miss(slot);
    } else if (slot.fate == nullptr && slot.known == Known::kNo) {
      slot.known = Known::kOnce;
    } else {
      Confirm(slot);
    }
  }
  EXPECT_EQ(model_->OpenNumbers(process.serial), InKernel(process));
}

void NaiveKernel::End(Process& process) {
  DrainAll();
  if (process.serial != 0) {
    const bool followed = process.greeted && process.vforked_from == nullptr;
    const bool announced = !process.untraced && (in_order_ || Below(2) == 0);
    if (announced && followed) Compare(process);
    model_->ProcessEnded(process.serial, now_, announced ? ProcessEnd::kExited : ProcessEnd::kVanished);
    for (auto& [fd, slot] : process.slots) {
      if (slot.fate == nullptr && slot.known == Known::kOnce) Confirm(slot);
      if (slot.fate != nullptr && fd > 2) --naive_[slot.fate->opener].now;
    }
  }
  processes_.erase(process.pid);
}

void NaiveKernel::Step(Process& process) {
  if (process.new_program) Greet(process);
  const uint32_t kind = Below(105);
  if (process.untraced) {
    if (kind < 30) Exec(process);
  } else if (kind < 40) {
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
    if (const int fd = Used(process); fd >= 0 && passes_by_ && process.touched) PassByClose(process, process.slots[fd]);
  } else if (kind < 86) {
    if (passes_by_ && process.touched) OpenUnseen(process);
  } else if (kind < 91) {
    if (process.greeted) Fork(process);
  } else if (kind < 94) {
    if (process.greeted) Exec(process);
  } else if (kind < 98) {
    if (process.greeted) Compare(process);
  } else if (kind < 101) {
    if (process.greeted) Spawn(process);
  } else if (kind < 103) {
    if (process.greeted) Vfork(process);
  } else if (processes_.size() > 1) {
    End(process);
  }
}

// An image's first event is taken for what its hello came upon: if it closes, it is read first.
void NaiveKernel::Touch(Process& process) {
  if (!std::exchange(process.touched, true)) Drain(process);
}

void NaiveKernel::PassByClose(Process& process, Slot& slot) {
  slot.in_kernel = false;
  if (slot.id == 0) Drain(process);  // likewise, and what is opened there next is not
}

// By a raw system call, at a number whose slot is empty: else two unseen changes would look like none. What is closed
// by number alone is told apart by the order of events, so none may be under way.
void NaiveKernel::OpenUnseen(Process& process) {
  Settle(process);
  now_ += 2;
  const int fd = Free(process);
  if (fd >= 0 && process.slots[fd].id == 0 && process.slots[fd].fate == nullptr)
    process.slots[fd] = {.in_kernel = true};
}

// The model knows all that is there and no more.
void NaiveKernel::Settle(Process& process) {
  Compare(process);
  while (process.missed) Compare(process);
}

void NaiveKernel::Deliver() {
  Process& process = Any();
  if (process.rings.empty()) return;
  auto it = process.rings.begin();
  std::advance(it, Below(static_cast<uint32_t>(process.rings.size())));
  if (it->second.empty()) return;
  model_->Consume(process.serial, it->first, it->second.front());
  it->second.pop_front();
}

void NaiveKernel::Drain(Process& process) {
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

void NaiveKernel::DrainAll() {
  for (const auto& [pid, process] : processes_) Drain(*process);
}

std::map<Code, SiteCount> NaiveKernel::ExpectedSites() const {
  std::map<Code, SiteCount> sites = naive_;
  for (const auto& fate : fates_) {
    if (fate->fd <= 2) continue;
    SiteCount& site = sites[fate->opener];
    ++site.opened;
    site.closed += fate->ended;
    site.closed_unseen += fate->unseen;
    if (fate->ended && !fate->unseen) ++site.closers[fate->closer];
    if (!fate->ended) site.still_open.insert({fate->pid, fate->fd});
  }
  return sites;
}

}  // namespace fdtrace::naive
