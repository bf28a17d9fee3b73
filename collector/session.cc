// One thread, one epoll instance: the door, the end of each process, and the bell by way of an eventfd. Each time it
// wakes it greets who has come, then reads every ring, then answers who waits to exit, then buries the dead, then looks
// for those that run a program which says no hello.
#include "collector/session.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "collector/monotonic_clock.h"
#include "collector/own_program.h"
#include "collector/procfs.h"
#include "collector/session_bell.h"
#include "collector/session_checks.h"
#include "collector/session_files.h"
#include "collector/session_greeter.h"
#include "collector/session_image.h"
#include "collector/session_keepers.h"
#include "collector/session_look.h"
#include "collector/session_notes.h"
#include "collector/session_processes.h"
#include "collector/session_reader.h"
#include "collector/session_router.h"
#include "collector/session_stop.h"
#include "collector/session_stragglers.h"
#include "collector/session_untraced.h"
#include "collector/shared_memory.h"
#include "collector/steady_processor.h"
#include "google/protobuf/stubs/logging.h"

namespace fdtrace {
namespace {

constexpr int64_t kMs = 1'000'000;
// Rings are read this often though nobody rings: at first each time that the recording is a quarter older, so that the
// libraries that a program opens its files from are known, and read meanwhile, while it starts.
constexpr int64_t kShortestSleepNs = 5 * kMs, kLongestSleepNs = 500 * kMs;
constexpr int64_t kNothingToDoNs = 3'600'000 * kMs;  // any time that epoll_wait(2) can count
constexpr int64_t kPollNs = 1 * kMs;                 // where the kernel or a limit denies us a bell thread or a pidfd
constexpr int64_t kUnrungNs = 10 * kMs;              // where a process cannot ring
constexpr int64_t kUnfollowedLingerNs = 200 * kMs;

// What an epoll event is about; above, the serials of images.
enum : uint64_t { kDoor, kWoken, kKeeper, kFirstImage };

class SessionImpl final : public Session {
 public:
  SessionImpl(Model& model, std::unique_ptr<Greeter> greeter, SharedMemory page, OwnedFd epoll, OwnedFd woken)
      : model_(model),
        greeter_(std::move(greeter)),
        page_(std::move(page)),
        epoll_(std::move(epoll)),
        woken_(std::move(woken)),
        started_ns_(MonotonicNs()),
        started_unix_ns_(UnixNs()),
        processes_(epoll_.get(), kFirstImage),
        keepers_(epoll_.get(), kKeeper),
        files_(model, processes_, notes_, started_ns_),
        router_(model, processes_, executions_, files_, notes_, started_ns_),
        reader_(model, processes_, router_, started_ns_),
        checks_(model, processes_, reader_, executions_, files_, notes_, greeter_->variable(), started_ns_) {}

  ~SessionImpl() override {
    if (limit_raised_) setrlimit(RLIMIT_NOFILE, &original_nofile_);
  }

  absl::Status WatchDoorAndBell() {
    if (!Watch(greeter_->fd(), kDoor) || !Watch(woken_.get(), kWoken)) {
      return absl::ErrnoToStatus(errno, "watching the session's socket");
    }
    return absl::OkStatus();
  }
  void RaiseLimit();

  const std::string& variable() const override { return greeter_->variable(); }
  const rlimit& original_nofile() const override { return original_nofile_; }
  int64_t started_unix_ns() const override { return started_unix_ns_; }
  Served Serve(const ServeOptions& options) override;
  void Stop() override {
    stop_.store(true);
    const uint64_t one = 1;
    (void)!write(woken_.get(), &one, sizeof one);
  }

 private:
  SessionPage& page() { return *static_cast<SessionPage*>(page_.address()); }
  uint64_t SinceStart() const { return static_cast<uint64_t>(MonotonicNs() - started_ns_); }
  bool Watch(int fd, uint64_t about);

  void ServeUntilEnd(const ServeOptions& options, Served& served);
  bool HaveAllEnded(const ServeOptions& options);
  void LookForTheUnheard(const ServeOptions& options, Served& served);
  void LookForKeepersEnd(const ServeOptions& options, Served& served);
  int64_t SleepLimit(const ServeOptions& options, bool bell_works);
  void Sleep(const ServeOptions& options, BellThread& bell, bool may_sleep);

  void Greet(Visitor& visitor);
  void GreetStopper(Visitor& visitor);
  void LeaveOut(Visitor& visitor, const ProcessDirectory& process, pid_t parent_pid);
  void GreetMoreRings(Visitor& visitor);
  TracedImage* ImageBefore(const Visitor& visitor, pid_t parent_pid);
  void AskParentOf(pid_t pid, pid_t parent_pid);
  TracedImage* ForkedFrom(const Visitor& visitor, pid_t parent_pid);
  void AdmitIfFollowed(Visitor& visitor, Image look, TracedImage* previous);
  void Admit(Visitor& visitor, Image look, TracedImage* previous);
  TracedImage* LivingImage(pid_t pid);

  bool DrainAll();
  void End(TracedImage& image);
  void EndTheDead();
  void LeaveTheLiving(Served& served);

  Model& model_;
  const std::unique_ptr<Greeter> greeter_;
  SharedMemory page_;
  OwnedFd epoll_, woken_;
  rlimit original_nofile_ = {};
  bool limit_raised_ = false;
  const int64_t started_ns_, started_unix_ns_;
  google::protobuf::LogSilencer no_logs_of_damaged_events_;
  std::atomic<bool> stop_ = false;

  SessionNotes notes_;
  Processes processes_;
  ArenaSupply arenas_;
  Keepers keepers_;  // the program, or those of ServeOptions
  ExecutionsToLookAt executions_;
  SessionFiles files_;
  EventRouter router_;
  RingsReader reader_;
  Checks checks_;
  Follow follow_;
  uint32_t welcomed_ = 0;
  bool leave_out_fdtrace_ = false;
  pid_t root_pid_ = 0;
  ProcessWatch root_;
  std::vector<OwnedFd> stoppers_;
  int64_t next_drain_ns_ = 0;             // see kLongestSleepNs
  std::optional<Stragglers> stragglers_;  // looked for while nobody else is there
  int64_t stragglers_since_ns_ = 0;
};

bool SessionImpl::Watch(int fd, uint64_t about) {
  epoll_event interest = {.events = EPOLLIN, .data = {.u64 = about}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &interest) == 0) return true;
  return errno == EEXIST && epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &interest) == 0;
}

void SessionImpl::RaiseLimit() {
  if (getrlimit(RLIMIT_NOFILE, &original_nofile_) != 0) return;
  const rlimit raised = {.rlim_cur = original_nofile_.rlim_max, .rlim_max = original_nofile_.rlim_max};
  limit_raised_ = setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

Served SessionImpl::Serve(const ServeOptions& options) {
  Served served;
  follow_ = options.follow;
  router_.FollowChildren(follow_.whom != Follow::Whom::kRoot);
  leave_out_fdtrace_ = options.leave_out_fdtrace;
  if (options.root_pid != 0) {
    root_pid_ = options.root_pid;
    root_ = ProcessWatch(options.root_pid);
    keepers_.Watch(root_);
  } else {
    for (const ProcessWatch& keeper : options.keepers) keepers_.Watch(keeper);
  }
  {
    const CollectorLock lock(page());
    ServeUntilEnd(options, served);
  }
  LeaveTheLiving(served);
  files_.LookAtWrittenForTheLastTime();
  files_.LookForThoseLeftBehind();
  LookForTheUnheard(options, served);
  served.images = welcomed_;
  served.not_followed = static_cast<uint32_t>(notes_.not_followed());
  served.duration_ns = SinceStart();
  served.notes = notes_.Sentences(*greeter_);
  served.stoppers = std::move(stoppers_);
  return served;
}

// Whoever is still there and has said nothing, and whoever could not.
void SessionImpl::LookForTheUnheard(const ServeOptions& options, Served& served) {
  const bool all_have_ended = stragglers_.has_value() && !stragglers_->may_still_come();
  if (options.follow.whom == Follow::Whom::kAll && !all_have_ended) {
    Stragglers last(greeter_->variable(), options.root_pid, options.leave_out_fdtrace);
    last.MayStillCome(MonotonicNs());
    for (const pid_t pid : last.seen()) {
      if (processes_.ByPid(pid) != nullptr) continue;
      notes_.NeverHeardOf(pid);
      ++served.never_heard_of;
    }
  }
  served.unreached = page().unreached.load(std::memory_order_relaxed);
  notes_.Unreached(served.unreached);
}

void SessionImpl::ServeUntilEnd(const ServeOptions& options, Served& served) {
  BellThread bell(page(), woken_.get());
  SteadyProcessor processor;
  bool more = false;
  while (true) {
    const bool rung = bell.Wake();
    greeter_->Attend(MonotonicNs(), [this](Visitor& visitor) { Greet(visitor); });
    if (rung || more || MonotonicNs() >= next_drain_ns_) more = DrainAll();
    EndTheDead();
    checks_.Executions();
    files_.LookAtWritten([this] { reader_.ReadAllOfEverybody(); });
    files_.LookNowAndThen([this] { reader_.ReadAllOfEverybody(); });
    if (stop_.load()) {
      served.stopped = true;
      return;
    }
    LookForKeepersEnd(options, served);
    if (HaveAllEnded(options)) return;
    processor.Keep(MonotonicNs(), !more);
    Sleep(options, bell, !more);
  }
}

void SessionImpl::LookForKeepersEnd(const ServeOptions& options, Served& served) {
  if (!keepers_.JustEnded()) return;
  served.root_ended = options.root_pid != 0;
  if (!served.root_ended || !options.reap_root) return;
  while (waitpid(options.root_pid, &served.wait_status, 0) < 0 && errno == EINTR) {
  }
}

bool SessionImpl::HaveAllEnded(const ServeOptions& options) {
  if (keepers_.ended_ns() == 0) return false;
  const int64_t now_ns = MonotonicNs();
  if (options.root_pid != 0 && now_ns - keepers_.ended_ns() >= options.linger.count()) return true;
  if (!processes_.empty()) {
    stragglers_.reset();
    return false;
  }
  // A child between fork or exec and its hello: known by the variable in its environment alone. So are those that are
  // not to be followed, and have been told so.
  if (options.follow.whom != Follow::Whom::kAll && now_ns - keepers_.ended_ns() >= kUnfollowedLingerNs) return true;
  if (!stragglers_.has_value()) {
    stragglers_.emplace(greeter_->variable(), options.root_pid, options.leave_out_fdtrace);
    stragglers_since_ns_ = now_ns;
  }
  return now_ns - stragglers_since_ns_ >= options.linger.count() || !stragglers_->MayStillCome(now_ns);
}

int64_t SessionImpl::SleepLimit(const ServeOptions& options, bool bell_works) {
  const int64_t now_ns = MonotonicNs();
  int64_t until_ns = std::min({greeter_->next_deadline_ns(), checks_.NextExecutionNs(), files_.NextLookNs()});
  if (!processes_.empty()) until_ns = std::min(until_ns, next_drain_ns_);
  const int64_t keepers_poll_ns = options.root_pid != 0 ? kPollNs : kLongestSleepNs;
  if (keepers_.must_be_polled()) until_ns = std::min(until_ns, now_ns + keepers_poll_ns);
  if (!bell_works || processes_.must_be_polled()) until_ns = std::min(until_ns, now_ns + kPollNs);
  if (keepers_.ended_ns() != 0) {
    if (options.root_pid != 0) until_ns = std::min(until_ns, keepers_.ended_ns() + options.linger.count());
    if (stragglers_.has_value()) until_ns = std::min(until_ns, stragglers_->next_look_ns());
  }
  return std::clamp<int64_t>(until_ns - now_ns, 0, kNothingToDoNs);
}

void SessionImpl::Sleep(const ServeOptions& options, BellThread& bell, bool may_sleep) {
  int64_t limit_ns = may_sleep && bell.Sleep() ? SleepLimit(options, bell.works()) : 0;
  epoll_event events[128];
  const int count = epoll_wait(epoll_.get(), events, std::size(events), static_cast<int>((limit_ns + kMs - 1) / kMs));
  for (int i = 0; i < count; ++i) {
    const uint64_t about = events[i].data.u64;
    uint64_t rings = 0;
    if (about == kWoken) (void)!read(woken_.get(), &rings, sizeof rings);
    if (about >= kFirstImage) processes_.Ended(static_cast<uint32_t>(about - kFirstImage));
  }
}

// The image of process PID. One whose process has ended while its pid went to another is buried first.
TracedImage* SessionImpl::LivingImage(pid_t pid) {
  TracedImage* const image = processes_.ByPid(pid);
  if (image == nullptr || !image->watch.Ended()) return image;
  End(*image);
  return nullptr;
}

void SessionImpl::Greet(Visitor& visitor) {
  const HelloKind kind = visitor.hello.kind;
  if (kind == HelloKind::kMoreRings) return GreetMoreRings(visitor);
  if (kind == HelloKind::kStop) return GreetStopper(visitor);
  if (std::optional<Image> told = leave_out_fdtrace_ ? std::nullopt : ToldByVisitor(visitor)) {
    TracedImage* const previous = ImageBefore(visitor, static_cast<pid_t>(told->parent_pid));
    return AdmitIfFollowed(visitor, *std::move(told), previous);
  }
  const auto process = ProcessDirectory::OpenByAnyThread(visitor.pid);
  if (!process.ok()) return;
  const auto parent_pid = static_cast<pid_t>(process->Parent());
  if (leave_out_fdtrace_ && RunsOurProgram(*process)) return LeaveOut(visitor, *process, parent_pid);
  TracedImage* const previous = ImageBefore(visitor, parent_pid);
  const TracedImage* const parent = kind == HelloKind::kForked ? ForkedFrom(visitor, parent_pid) : nullptr;
  std::optional<Image> look =
      LookAtVisitor(visitor, *process, parent_pid,
                    parent != nullptr ? model_.OpenNumbers(parent->serial()) : std::vector<int>(), notes_);
  if (!look.has_value()) return;
  if (kind == HelloKind::kForked)
    look->forked_from = parent != nullptr ? parent->serial() : visitor.hello.parent_serial;
  AdmitIfFollowed(visitor, *std::move(look), previous);
}

// What the visitor's process was until now. Null: a process that is new to us.
TracedImage* SessionImpl::ImageBefore(const Visitor& visitor, pid_t parent_pid) {
  TracedImage* const previous = LivingImage(visitor.pid);
  if (previous != nullptr || visitor.hello.kind != HelloKind::kImage) return previous;
  AskParentOf(visitor.pid, parent_pid);
  return LivingImage(visitor.pid);
}

void SessionImpl::AdmitIfFollowed(Visitor& visitor, Image look, TracedImage* previous) {
  if (previous != nullptr) reader_.ReadAll(*previous);
  const bool is_root = visitor.pid == root_pid_ && !root_.Ended();
  if (follow_.Includes(is_root, visitor.hello.kind == HelloKind::kForked, look.executable)) {
    return Admit(visitor, std::move(look), previous);
  }
  notes_.NotToBeFollowed(visitor.pid);  // and hears no answer, which is one
  if (previous == nullptr || previous->untraced) return;
  const auto process = ProcessDirectory::OpenByAnyThread(visitor.pid);
  if (!process.ok()) return;
  checks_.BecomeUntraced(*previous, *process,
                         {.executable = std::move(look.executable),
                          .command_line = std::move(look.command_line),
                          .reason = "not followed, as --follow asks",
                          .present = {}},
                         visitor.hello.socket_fd);
}

// Where a program is recorded, its end is the recording's.
void SessionImpl::GreetStopper(Visitor& visitor) {
  if (root_pid_ != 0) {
    AnswerStop(visitor.connection, absl::FailedPreconditionError("one program is recorded here, until it ends"));
    return;
  }
  stoppers_.push_back(std::move(visitor.connection));
  stop_.store(true);
}

// For the recording, a process that becomes fdtrace exits: what had no CLOEXEC flag is what it leaves open.
void SessionImpl::LeaveOut(Visitor& visitor, const ProcessDirectory& process, pid_t parent_pid) {
  if (LivingImage(visitor.pid) == nullptr) AskParentOf(visitor.pid, parent_pid);
  TracedImage* const image = LivingImage(visitor.pid);
  if (image == nullptr) return;
  reader_.ReadAll(*image);
  std::optional<Image> look = LookAtVisitor(visitor, process, parent_pid, {}, notes_);
  if (look.has_value() && !processes_.full()) {
    look->serial = processes_.TakeSerial();
    look->started_ns = SinceStart();
    look->executable = image->described.executable;
    look->command_line = image->described.command_line;
    model_.ImageStarted(*look);
    model_.ProcessEnded(look->serial, SinceStart(), ProcessEnd::kExited);
    processes_.Remove(*image);
  } else {
    End(*image);
  }
}

void SessionImpl::GreetMoreRings(Visitor& visitor) {
  TracedImage* const image = LivingImage(visitor.pid);
  if (image == nullptr || image->serial() != visitor.hello.parent_serial) return notes_.RefuseRings(visitor.pid);
  const absl::StatusOr<int> arena = image->AddArena(arenas_);
  if (!arena.ok()) return notes_.NoMemory(visitor.pid, arena.status());
  const Welcome welcome = {
      .version = kProtocolVersion, .serial = image->serial(), .arena_bytes = sizeof(Arena), .given = 0};
  Greeter::SendWelcome(visitor, welcome, page_.fd(), *arena);
  image->ArenaSent();
}

// A process that nobody has told of yet: its parent's events may, once they are read.
void SessionImpl::AskParentOf(pid_t pid, pid_t parent_pid) {
  router_.Expect(pid, parent_pid);
  if (TracedImage* const parent = processes_.ByPid(parent_pid)) {
    reader_.ReadAll(*parent);
  } else {  // it may have ended, and left the child to another
    reader_.ReadAllOfEverybody();
  }
  TracedImage* const parent = processes_.ByPid(parent_pid);
  if (parent != nullptr && processes_.ByPid(pid) == nullptr) router_.WelcomeEarly(*parent, pid);
  router_.Expect(0, 0);
}

// Read up to the fork: the child knows what its parent knew then. Null: it has ended.
TracedImage* SessionImpl::ForkedFrom(const Visitor& visitor, pid_t parent_pid) {
  TracedImage* const memory = processes_.BySerial(visitor.hello.parent_serial);
  if (memory == nullptr) return nullptr;
  reader_.ReadAll(*memory);
  TracedImage* const parent = processes_.ByPid(parent_pid);
  return parent != nullptr && parent->host == memory->serial() ? parent : memory;  // a child of vfork forks
}

// A new image of the visitor's process; what the previous one left has been read.
void SessionImpl::Admit(Visitor& visitor, Image look, TracedImage* previous) {
  if (processes_.full()) return notes_.NoSerial(visitor.pid);
  auto image = std::make_unique<TracedImage>(processes_.TakeSerial(), visitor.pid);
  const absl::StatusOr<int> arena = image->AddArena(arenas_);
  if (!arena.ok()) return notes_.NoMemory(visitor.pid, arena.status());
  if (previous != nullptr && visitor.hello.kind == HelloKind::kImage) {  // exec
    image->watch = std::move(previous->watch);
    processes_.Remove(*previous);
  } else {
    if (previous != nullptr) End(*previous);  // its Welcome never arrived
    image->watch = ProcessWatch(visitor.pid);
  }
  image->same_pids = visitor.hello.pid == static_cast<uint32_t>(visitor.pid);
  look.serial = image->serial();
  look.started_ns = SinceStart();
  files_.Started(*image, look.forked_from, look.present);
  model_.ImageStarted(look);
  const Welcome welcome = {
      .version = kProtocolVersion,
      .serial = image->serial(),
      .arena_bytes = sizeof(Arena),
      .given = look.forked_from != 0 ? 0 : GivenForGood(look.present, model_.UntoldNumbers(image->serial()))};
  if (!Greeter::SendWelcome(visitor, welcome, page_.fd(), *arena)) notes_.Unwelcomed(visitor.pid);
  image->ArenaSent();
  arenas_.Prepare();
  look.present.clear();
  image->described = std::move(look);
  processes_.Add(std::move(image));
  ++welcomed_;
}

bool SessionImpl::DrainAll() {
  bool more = false;
  const int64_t now_ns = MonotonicNs();
  next_drain_ns_ = now_ns + std::clamp((now_ns - started_ns_) / 4, kShortestSleepNs, kLongestSleepNs);
  for (TracedImage* const image : processes_.All()) {
    more |= reader_.ReadSome(*image);
    if (image->ExitsWanted() != image->exits_answered()) checks_.BeforeExit(*image);
    if (image->cannot_ring) next_drain_ns_ = std::min(next_drain_ns_, MonotonicNs() + kUnrungNs);
    if (image->exit_look_again_ns != 0) next_drain_ns_ = std::min(next_drain_ns_, image->exit_look_again_ns);
  }
  return more;
}

void SessionImpl::End(TracedImage& image) {
  reader_.ReadAll(image);
  notes_.Damaged(image.pid(), image.damages() + image.unreadable());
  if (!image.executing.empty()) {
    const auto parent = static_cast<pid_t>(image.described.parent_pid);
    model_.BecameUntraced(image.serial(), ProgramOfEnded(image.executing.back().program, parent));
  }
  const bool exited = image.compared || image.settled() || (image.exit_told && !image.said_hello());
  model_.ProcessEnded(image.serial(), SinceStart(), exited ? ProcessEnd::kExited : ProcessEnd::kVanished);
  processes_.Remove(image);
}

void SessionImpl::EndTheDead() {
  for (const uint32_t serial : processes_.TakeDead()) {
    if (TracedImage* const image = processes_.BySerial(serial)) End(*image);
  }
}

void SessionImpl::LeaveTheLiving(Served& served) {
  reader_.ReadAllOfEverybody();  // may tell of children
  for (TracedImage* const image : processes_.All()) processes_.Ended(image->serial());
  EndTheDead();
  served.outlived = static_cast<uint32_t>(processes_.size());
  checks_.Everybody();
  for (TracedImage* const image : processes_.All()) {
    notes_.Damaged(image->pid(), image->damages() + image->unreadable());
    image->AnswerExits(image->ExitsWanted());
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Open(Model& model) {
  absl::StatusOr<std::unique_ptr<Greeter>> greeter = Greeter::Open();
  if (!greeter.ok()) return greeter.status();
  absl::StatusOr<SharedMemory> page = SharedMemory::Create(kSessionPageName, kPageBytes);
  if (!page.ok()) return page.status();
  OwnedFd epoll(epoll_create1(EPOLL_CLOEXEC)), woken(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !woken.valid()) return absl::ErrnoToStatus(errno, "making the session's epoll instance");
  auto session =
      std::make_unique<SessionImpl>(model, *std::move(greeter), *std::move(page), std::move(epoll), std::move(woken));
  if (absl::Status status = session->WatchDoorAndBell(); !status.ok()) return status;
  session->RaiseLimit();
  return session;
}

}  // namespace fdtrace
