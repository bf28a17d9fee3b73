// How processes of the naive kernel come to be and run programs, and what these receive.
#include <algorithm>

#include "collector/naive_process.h"
#include "gtest/gtest.h"

namespace fdtrace::naive {

void NaiveKernel::Fork(Process& parent) {
  if (processes_.size() >= 6) return;
  Process& child = StartCopy(parent);
  child.forked_from = parent.serial;
  // Of what has no id, the model asks the parent, which must not have gone on.
  for (const auto& [fd, slot] : child.slots) {
    if (slot.id != 0 || slot.opener_pid == 0) continue;
    Greet(child);
    return;
  }
}

Process& NaiveKernel::StartCopy(Process& parent) {
  Process& child = Start(parent.serial);
  child.parent_pid = parent.pid;
  child.executable = parent.executable;
  child.slots = parent.slots;
  for (auto& [fd, slot] : child.slots) {
    slot.fate = nullptr;
    slot.known = Known::kNo;
  }
  child.told = parent.told;
  child.salt = parent.salt;
  return child;
}

// Those that the next program is to have.
std::set<int> NaiveKernel::ChooseKept(const Process& process, bool with_all_without_id) {
  std::set<int> kept;
  for (const auto& [fd, slot] : process.slots) {
    const bool must = with_all_without_id && (slot.id == 0 || fd <= 2);
    if (slot.in_kernel && (must || Below(2) == 0)) kept.insert(fd);
  }
  return kept;
}

void NaiveKernel::TellKept(Process& process, const std::set<int>& kept, bool spawns, uint32_t ring) {
  auto& events = process.rings[ring];
  for (const int fd : kept) {
    const Slot& slot = process.slots[fd];
    if (slot.id == 0 || fd <= 2) continue;
    events.push_back(KeptEvent({.fd = fd, .id = slot.id, .function = slot.function, .stack = slot.stack}));
  }
  events.push_back(ExecutingEvent(now_, spawns));
}

// Another program has what was kept, and an empty table.
void NaiveKernel::Replace(Process& process, const std::set<int>& kept) {
  const Code exec = {.address = 0, .function = "exec"};
  for (auto& [fd, slot] : process.slots) {
    slot.in_kernel = kept.contains(fd);
    if (!slot.in_kernel && slot.fate != nullptr) EndFate(slot.fate, exec);
    if (!slot.in_kernel) slot = {};
    slot.id = 0;
  }
  process.told.clear();
  process.salt = ++salts_ * 1'000'000'000ull;
  process.vforked_from = nullptr;
  process.greeted = false;
  process.untraced = false;
}

void NaiveKernel::Receive(const Process& process) {
  for (const auto& [fd, slot] : process.slots) {
    if (!slot.in_kernel || fd <= 2 || slot.opener_pid == 0) continue;
    InheritedCount& row = inherited_[{slot.opener, process.executable}];
    if (row.count++ == 0) row.process = process.first_serial;
    if (row.count == 1) row.opener_pid = slot.opener_pid;
    row.fds.insert(fd);
  }
}

// False: it came to nothing.
bool NaiveKernel::Exec(Process& process) {
  const bool follows = Below(3) != 0, looked_at = follows || Below(2) == 0;
  if (!looked_at && process.greeted && process.vforked_from == nullptr) Settle(process);
  const std::set<int> kept = ChooseKept(process, !looked_at);
  if (process.greeted) {
    const uint32_t ring = AnyRing(process);
    TellKept(process, kept, /*spawns=*/false, ring);
    if (Below(5) == 0) {
      process.rings[ring].push_back(ExecFailedEvent());
      return false;
    }
  }
  DrainAll();  // the ancestors' definitions too, as a collector does
  Replace(process, kept);
  process.executable = follows ? std::string("/bin/") + static_cast<char>('a' + Below(3)) : "/bin/untraced";
  if (follows) {
    process.new_program = true;
    Greet(process);
  } else {
    RunUntraced(process, looked_at);
  }
  return true;
}

void NaiveKernel::RunUntraced(Process& process, bool looked_at) {
  ++untraced_programs_;
  UntracedProgram program = {.executable = process.executable, .command_line = {}, .reason = "it is so", .present = {}};
  if (looked_at) program.present = Seen(InKernel(process));
  for (auto& [fd, slot] : process.slots) {
    if (slot.in_kernel && looked_at) Confirm(slot);
    slot.known = Known::kYes;
  }
  model_->BecameUntraced(process.serial, program);
  process.new_program = false;
  process.untraced = true;
  Receive(process);
}

// The session makes it an image, though it never said hello.
void NaiveKernel::StartSilently(Process& child, const Process& parent) {
  child.serial = child.first_serial = ++last_serial_;
  pids_[child.serial] = child.pid;
  Image image;
  image.serial = child.serial;
  image.forked_from = parent.serial;
  image.pid = child.pid;
  image.parent_pid = parent.pid;
  image.executable = parent.executable;
  image.started_ns = now_;
  image.present = Seen(model_->OpenNumbers(parent.serial));
  for (auto& [fd, slot] : child.slots) slot.known = slot.in_kernel ? Known::kYes : Known::kNo;
  model_->ImageStarted(image);
  child.forked_from = 0;
}

// As posix_spawn does, or popen, which does not tell the pid.
void NaiveKernel::Spawn(Process& parent) {
  if (processes_.size() >= 6) return;
  const bool tells_pid = Below(2) == 0, says_hello_first = !tells_pid || Below(2) == 0;
  Settle(parent);
  const uint32_t ring = AnyRing(parent);
  const std::set<int> kept = ChooseKept(parent, /*with_all_without_id=*/true);
  TellKept(parent, kept, /*spawns=*/true, ring);
  Process& child = StartCopy(parent);
  const Event spawned = SpawnedEvent(tells_pid ? child.pid : 0);
  if (!says_hello_first) {
    parent.rings[ring].push_back(spawned);
    DrainAll();
    StartSilently(child, parent);
  }
  Replace(child, kept);
  child.forked_from = 0;
  child.executable = "/bin/spawned";
  child.new_program = true;
  if (says_hello_first) {
    DrainAll();
    Greet(child);
    parent.rings[ring].push_back(spawned);
  } else if (Below(2) == 0) {
    child.executable = "/bin/untraced";
    RunUntraced(child, /*looked_at=*/Below(2) == 0);
  }
}

void NaiveKernel::Vfork(Process& parent) {
  if (processes_.size() >= 6) return;
  Settle(parent);
  for (uint64_t address = 1; address <= kStacks; ++address) TellStack(parent, 0, address, kOpenFunction);
  Drain(parent);
  Process& child = StartCopy(parent);
  child.vforked_from = &parent;
  child.greeted = true;
  StartSilently(child, parent);
  for (uint32_t calls = Below(5); calls > 0; --calls) {
    now_ += 1;
    const int used = Used(child), free = Free(child);
    if (const uint32_t kind = Below(3); kind == 0 && free >= 0) {
      Open(child, free, kOpenFunction, false);
    } else if (used >= 0) {
      kind == 1 ? Close(child, used) : Open(child, used, kDup2, true);
    }
  }
  parent.told.insert(child.told.begin(), child.told.end());  // it is one memory
  for (int tries = 0; tries < 3; ++tries) {
    if (Exec(child)) return;
  }
  End(child);
}

}  // namespace fdtrace::naive
