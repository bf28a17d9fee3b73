#include "collector/session_router.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "collector/monotonic_clock.h"
#include "collector/procfs.h"

namespace fdtrace {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

// Whether the process had started AGE_NS ago already, as far as its start time, in clock ticks, can tell.
bool StartedBefore(const ProcessDirectory& process, int64_t age_ns) {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  const int64_t then_ns = now.tv_sec * kSecondNs + now.tv_nsec - age_ns;
  const int64_t tick_ns = kSecondNs / sysconf(_SC_CLK_TCK);
  const auto started = static_cast<int64_t>(process.StartTime());
  return started != 0 && started * tick_ns <= then_ns + tick_ns;
}

// The number may be another process's by now, or one of another pid namespace. A parent that has ended has left its
// children to another.
bool IsChild(pid_t pid, const TracedImage& parent, int64_t age_ns) {
  const auto process = ProcessDirectory::Open(pid);
  if (!process.ok()) return false;
  if (process->Parent() == static_cast<uint32_t>(parent.pid())) return true;
  return parent.watch.Ended() && StartedBefore(*process, age_ns);
}

bool IsGone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

AnnouncedProgram Announced(const Executing& event) {
  return {.path = event.spawns() && event.path().empty() ? "/bin/sh" : event.path(),
          .caller = {.uid = event.uid(), .gid = event.gid(), .no_new_privileges = event.no_new_privileges()}};
}

void KeepUnnamed(TracedImage& parent, const AnnouncedProgram& program) {
  constexpr size_t kMaxUnnamed = 16;  // some were calls that failed
  if (parent.unnamed_spawns.size() == kMaxUnnamed) parent.unnamed_spawns.erase(parent.unnamed_spawns.begin());
  parent.unnamed_spawns.push_back(program);
}

}  // namespace

void EventRouter::Consume(TracedImage& host, uint32_t ring, const Event& event) {
  switch (event.what_case()) {
    case Event::kFunction:
    case Event::kModule:
    case Event::kStack:
    case Event::kMark:  // told once in the memory that a child of vfork shares
      return model_.Consume(host.serial(), ring, event);
    case Event::kVforkChild:
      return BeginVfork(host, ring, static_cast<pid_t>(event.vfork_child().pid()), event.at_ns());
    case Event::kVforkEnd:
      return host.ring_users.Leave(ring);
    default:
      break;
  }
  TracedImage* const user = CurrentUser(host, ring);
  if (user == nullptr) return;
  Note(host, *user, ring, event);
  files_.Note(*user, event);
  model_.Consume(user->serial(), ring, event);
}

// Null: nobody that is followed.
TracedImage* EventRouter::CurrentUser(TracedImage& host, uint32_t ring) {
  while (true) {
    const uint32_t serial = host.ring_users.Current(ring);
    if (serial == host.serial()) return &host;
    if (serial == RingUsers::kNobody) return nullptr;
    TracedImage* const child = processes_.BySerial(serial);
    if (child != nullptr && !child->untraced) return child;
    host.ring_users.Leave(ring);  // it writes here no more: its VforkEnd was lost
  }
}

void EventRouter::Note(TracedImage& host, TracedImage& user, uint32_t ring, const Event& event) {
  switch (event.what_case()) {
    case Event::kExiting:
      user.exit_told = true;
      [[fallthrough]];  // the exec before it came to nothing, though its ExecFailed was lost
    case Event::kExecFailed:
      std::erase_if(user.executing, [=](const auto& execution) { return execution.ring == ring; });
      return;
    case Event::kExecuting:
      if (!event.executing().spawns()) return Execute(user, ring, Announced(event.executing()), event.at_ns());
      return host.ring_users.BeginSpawn(ring, Announced(event.executing()), event.at_ns());
    case Event::kConfined:
      user.cannot_ring |= event.confined().no_stacks();
      return;
    case Event::kSpawned:
      return EndSpawn(host, user, ring, static_cast<pid_t>(event.spawned().pid()), event.at_ns());
    default:
      return;
  }
}

void EventRouter::Execute(TracedImage& image, uint32_t ring, const AnnouncedProgram& program, uint64_t at_ns) {
  std::erase_if(image.executing, [=](const auto& execution) { return execution.ring == ring; });
  image.executing.push_back({.ring = ring, .program = program, .at_ns = at_ns});
  executions_.Began(image.serial(), at_ns);
}

void EventRouter::BeginVfork(TracedImage& host, uint32_t ring, pid_t pid, uint64_t at_ns) {
  const TracedImage* const parent = CurrentUser(host, ring);
  // A handler that interrupted our own work is heard of when that goes on: by then its child may have come and gone.
  const bool is_known = parent == nullptr || processes_.HasHadSince(pid, at_ns);
  TracedImage* const child = is_known ? nullptr : Bear(*parent, pid, at_ns);
  if (child != nullptr) child->host = host.serial();
  host.ring_users.Enter(ring, child == nullptr ? RingUsers::kNobody : child->serial());
}

void EventRouter::EndSpawn(TracedImage& host, TracedImage& parent, uint32_t ring, pid_t pid, uint64_t at_ns) {
  const auto spawn = host.ring_users.EndSpawn(ring).value_or(RingUsers::Spawn());
  if (pid == 0 || !parent.same_pids) {
    if (spawn.early_child == 0) KeepUnnamed(parent, spawn.program);
    return;
  }
  if (spawn.early_child == pid) return;
  if (RingUsers::Spawn* const other = host.ring_users.ClaimedBy(pid)) {  // of two threads that spawned at once
    other->early_child = spawn.early_child;
    return;
  }
  if (processes_.HasHadSince(pid, spawn.began_ns)) return;
  if (TracedImage* const child = Bear(parent, pid, at_ns)) Execute(*child, ring, spawn.program, at_ns);
}

void EventRouter::WelcomeEarly(TracedImage& parent, pid_t pid) {
  TracedImage* const host = parent.host == 0 ? &parent : processes_.BySerial(parent.host);
  RingUsers::Spawn* const spawn = host == nullptr ? nullptr : host->ring_users.UnclaimedSpawn(parent.serial());
  std::vector<AnnouncedProgram>& unnamed = parent.unnamed_spawns;
  if (spawn == nullptr && unnamed.empty()) return;
  const auto now_ns = static_cast<uint64_t>(MonotonicNs() - started_ns_);
  TracedImage* const child = Bear(parent, pid, now_ns);
  if (child == nullptr) return;
  Execute(*child, 0, spawn != nullptr ? spawn->program : unnamed.front(), now_ns);
  if (spawn != nullptr) {
    spawn->early_child = pid;
  } else {
    unnamed.erase(unnamed.begin());
  }
}

// A new image for PID, which PARENT has made at AT_NS. Null: it has one, or it is not to be found or followed.
TracedImage* EventRouter::Bear(const TracedImage& parent, pid_t pid, uint64_t at_ns) {
  if (!follow_children_ || !parent.same_pids || pid <= 0) return nullptr;
  const TracedImage* const known = processes_.ByPid(pid);
  if (known != nullptr && !known->watch.Ended()) return nullptr;
  ProcessWatch watch(pid);
  // One that is there no more was a child: it is told apart from others as long as it is there. Its parent may bury it
  // while we look.
  const int64_t age_ns = MonotonicNs() - started_ns_ - static_cast<int64_t>(at_ns);
  const bool is_known_child = pid == visitor_ && parent.pid() == parent_of_visitor_;
  if (!is_known_child && !IsGone(pid) && !IsChild(pid, parent, age_ns) && !IsGone(pid)) return nullptr;
  if (processes_.full()) {
    notes_.NoSerial(pid);
    return nullptr;
  }
  auto child = std::make_unique<TracedImage>(processes_.TakeSerial(), pid);
  child->watch = std::move(watch);
  child->described = parent.described;
  Image& image = child->described;
  image.serial = child->serial();
  image.directory.clear();  // its parent may have changed it since
  image.forked_from = parent.serial();
  image.pid = static_cast<uint32_t>(pid);
  image.parent_pid = static_cast<uint32_t>(parent.pid());
  image.started_ns = at_ns;
  for (const int fd : model_.OpenNumbers(parent.serial()))
    image.present.push_back({.fd = fd, .link = {}, .description = {}});
  model_.ImageStarted(image);
  image.present.clear();
  return &processes_.Add(std::move(child));
}

}  // namespace fdtrace
