// One thread, one epoll instance: the door, the end of each process, and the bell by way of an eventfd. Each time it
// wakes it greets who has come, then reads every ring, then answers who waits to exit, then buries the dead.
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

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "collector/descriptions.h"
#include "collector/monotonic_clock.h"
#include "collector/pipe_index.h"
#include "collector/procfs.h"
#include "collector/session_bell.h"
#include "collector/session_greeter.h"
#include "collector/session_image.h"
#include "collector/session_look.h"
#include "collector/session_notes.h"
#include "collector/session_stragglers.h"
#include "collector/shared_memory.h"
#include "google/protobuf/stubs/logging.h"

namespace fdtrace {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kLongestSleepNs = 500 * kMs;
constexpr int64_t kPollNs = 1 * kMs;       // where the kernel or a limit denies us a bell thread or a pidfd
constexpr int64_t kLookAgainNs = 1 * kMs;  // time for threads to get out of their calls
constexpr int64_t kStragglersNs = 5 * kMs;

// What an epoll event is about; above, the serials of images.
enum : uint64_t { kDoor, kWoken, kRoot, kFirstImage };

class SessionImpl final : public Session, private EventSink {
 public:
  SessionImpl(Model& model, std::unique_ptr<Greeter> greeter, SharedMemory page, OwnedFd epoll, OwnedFd woken)
      : model_(model),
        greeter_(std::move(greeter)),
        page_(std::move(page)),
        epoll_(std::move(epoll)),
        woken_(std::move(woken)),
        started_ns_(MonotonicNs()),
        started_unix_ns_(UnixNs()),
        parser_(started_ns_) {}

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
  void Consume(uint32_t serial, uint32_t ring, const Event& event) override { model_.Consume(serial, ring, event); }

  void ServeUntilEnd(const ServeOptions& options, Served& served);
  bool HaveAllEnded(const ServeOptions& options, Served& served);
  void LookForRootsEnd(const ServeOptions& options, Served& served);
  int64_t SleepLimit(const ServeOptions& options, bool bell_works) const;
  void Sleep(const ServeOptions& options, BellThread& bell, bool may_sleep);

  void Greet(Caller& caller);
  void GreetMoreRings(Caller& caller, TracedImage* image);
  std::unique_ptr<TracedImage> Admit(Caller& caller, TracedImage* previous);
  TracedImage* LivingImage(pid_t pid);
  TracedImage* ImageBySerial(uint32_t serial);

  bool DrainAll();
  void Drain(TracedImage& image);
  void LookBeforeExit(TracedImage& image);
  bool Compare(TracedImage& image, bool waits);
  void End(TracedImage& image, ProcessEnd how);
  void EndTheDead();
  void LookAtTheLiving(Served& served);

  Model& model_;
  const std::unique_ptr<Greeter> greeter_;
  SharedMemory page_;
  OwnedFd epoll_, woken_;
  rlimit original_nofile_ = {};
  bool limit_raised_ = false;
  const int64_t started_ns_, started_unix_ns_;
  google::protobuf::LogSilencer no_logs_of_damaged_events_;
  EventParser parser_;
  std::atomic<bool> stop_ = false;

  absl::flat_hash_map<uint32_t, std::unique_ptr<TracedImage>> images_;  // of living processes, by serial
  absl::flat_hash_map<pid_t, uint32_t> serials_;                        // of the same, by pid
  uint32_t last_serial_ = 0;
  std::vector<uint32_t> ended_;  // told by epoll, not yet buried
  size_t without_pidfd_ = 0;
  ProcessWatch root_;
  int64_t root_ended_ns_ = 0;
  int64_t next_drain_ns_ = 0;  // though nobody rings
  Stragglers stragglers_;
  PipeIndex pipes_;
  SessionNotes notes_;
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
  root_ = ProcessWatch(options.root_pid);
  if (root_.fd() >= 0) Watch(root_.fd(), kRoot);
  {
    const CollectorLock lock(page());
    ServeUntilEnd(options, served);
  }
  LookAtTheLiving(served);
  served.images = last_serial_;
  served.duration_ns = SinceStart();
  served.notes = notes_.Sentences(*greeter_);
  return served;
}

void SessionImpl::ServeUntilEnd(const ServeOptions& options, Served& served) {
  BellThread bell(page(), woken_.get());
  bool more = false;
  while (true) {
    const bool rung = bell.Wake();
    greeter_->Attend(MonotonicNs(), [this](Caller& caller) { Greet(caller); });
    if (rung || more || MonotonicNs() >= next_drain_ns_) more = DrainAll();
    EndTheDead();
    if (stop_.load()) {
      served.stopped = true;
      return;
    }
    LookForRootsEnd(options, served);
    if (HaveAllEnded(options, served)) return;
    Sleep(options, bell, !more);
  }
}

void SessionImpl::LookForRootsEnd(const ServeOptions& options, Served& served) {
  if (served.root_ended || !root_.Ended()) return;
  served.root_ended = true;
  root_ended_ns_ = MonotonicNs();
  if (root_.fd() >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, root_.fd(), nullptr);
  if (!options.reap_root) return;
  while (waitpid(options.root_pid, &served.wait_status, 0) < 0 && errno == EINTR) {
  }
}

bool SessionImpl::HaveAllEnded(const ServeOptions& options, Served& served) {
  if (!served.root_ended) return false;
  const int64_t now_ns = MonotonicNs();
  if (now_ns - root_ended_ns_ >= options.linger.count()) return true;
  if (!images_.empty()) {
    stragglers_ = Stragglers();
    return false;
  }
  // A child between fork or exec and its hello: known by the variable in its environment alone.
  return !stragglers_.MayStillComeForward(greeter_->variable(), options.root_pid, now_ns);
}

int64_t SessionImpl::SleepLimit(const ServeOptions& options, bool bell_works) const {
  const int64_t now_ns = MonotonicNs();
  int64_t until_ns = std::min(next_drain_ns_, greeter_->next_deadline_ns());
  const bool root_is_polled = root_ended_ns_ == 0 && root_.fd() < 0;
  if (!bell_works || without_pidfd_ != 0 || root_is_polled) until_ns = std::min(until_ns, now_ns + kPollNs);
  if (root_ended_ns_ != 0) until_ns = std::min(until_ns, root_ended_ns_ + options.linger.count());
  if (root_ended_ns_ != 0 && images_.empty()) until_ns = std::min(until_ns, now_ns + kStragglersNs);
  return std::max<int64_t>(until_ns - now_ns, 0);
}

void SessionImpl::Sleep(const ServeOptions& options, BellThread& bell, bool may_sleep) {
  int64_t limit_ns = may_sleep && bell.Sleep() ? SleepLimit(options, bell.works()) : 0;
  epoll_event events[128];
  const int count = epoll_wait(epoll_.get(), events, std::size(events), static_cast<int>((limit_ns + kMs - 1) / kMs));
  for (int i = 0; i < count; ++i) {
    const uint64_t about = events[i].data.u64;
    uint64_t rings = 0;
    if (about == kWoken) (void)!read(woken_.get(), &rings, sizeof rings);
    if (about >= kFirstImage) ended_.push_back(static_cast<uint32_t>(about - kFirstImage));
  }
}

TracedImage* SessionImpl::ImageBySerial(uint32_t serial) {
  const auto image = images_.find(serial);
  return image == images_.end() ? nullptr : image->second.get();
}

// The image of process PID. One whose process has ended while its pid went to another is buried first.
TracedImage* SessionImpl::LivingImage(pid_t pid) {
  const auto serial = serials_.find(pid);
  if (serial == serials_.end()) return nullptr;
  TracedImage* const image = ImageBySerial(serial->second);
  if (!image->watch.Ended()) return image;
  End(*image, image->compared ? ProcessEnd::kExited : ProcessEnd::kVanished);
  return nullptr;
}

void SessionImpl::Greet(Caller& caller) {
  TracedImage* const previous = LivingImage(caller.pid);
  if (caller.hello.kind == HelloKind::kMoreRings) return GreetMoreRings(caller, previous);
  std::unique_ptr<TracedImage> image = Admit(caller, previous);
  if (image == nullptr) return;
  if (image->watch.fd() < 0) ++without_pidfd_;
  if (image->watch.fd() >= 0) Watch(image->watch.fd(), kFirstImage + image->serial());
  serials_[image->pid()] = image->serial();
  images_[image->serial()] = std::move(image);
}

void SessionImpl::GreetMoreRings(Caller& caller, TracedImage* image) {
  if (image == nullptr || image->serial() != caller.hello.parent_serial) return notes_.RefuseRings(caller.pid);
  const absl::StatusOr<int> arena = image->AddArena();
  if (!arena.ok()) return notes_.NoMemory(caller.pid, arena.status());
  const Welcome welcome = {kProtocolVersion, image->serial(), sizeof(Arena)};
  Greeter::SendWelcome(caller, welcome, page_.fd(), *arena);
  image->ArenaSent();
}

// A new image of the caller's process; what the previous one left is read first. Null: it cannot be followed.
std::unique_ptr<TracedImage> SessionImpl::Admit(Caller& caller, TracedImage* previous) {
  if (last_serial_ == kMaxSerial) {
    notes_.NoSerial(caller.pid);
    return nullptr;
  }
  const uint32_t serial = last_serial_ + 1;
  auto image = std::make_unique<TracedImage>(serial, caller.pid);
  const absl::StatusOr<int> arena = image->AddArena();
  if (!arena.ok()) {
    notes_.NoMemory(caller.pid, arena.status());
    return nullptr;
  }
  // A forked child knows what its parent knew at the fork: read that first.
  TracedImage* const parent =
      caller.hello.kind == HelloKind::kForked ? ImageBySerial(caller.hello.parent_serial) : nullptr;
  if (parent != nullptr) Drain(*parent);
  std::optional<Image> look = LookAtCaller(
      caller, serial, parent != nullptr ? model_.OpenNumbers(parent->serial()) : std::vector<int>(), notes_);
  if (!look.has_value()) return nullptr;
  last_serial_ = serial;

  if (previous != nullptr && caller.hello.kind == HelloKind::kImage) {  // exec
    Drain(*previous);
    if (previous->watch.fd() < 0) --without_pidfd_;
    image->watch = std::move(previous->watch);
    images_.erase(previous->serial());
  } else {
    if (previous != nullptr) End(*previous, ProcessEnd::kVanished);  // its Welcome never arrived
    image->watch = ProcessWatch(caller.pid);
  }
  look->started_ns = SinceStart();
  model_.ImageStarted(*look);
  const Welcome welcome = {kProtocolVersion, serial, sizeof(Arena)};
  if (!Greeter::SendWelcome(caller, welcome, page_.fd(), *arena)) notes_.Unwelcomed(caller.pid);
  image->ArenaSent();
  return image;
}

void SessionImpl::Drain(TracedImage& image) {
  image.DrainWholly(parser_, *this);
  const TracedImage::Lost lost = image.CountLost();
  model_.SetLost(image.serial(), lost.events, lost.stackless);
}

bool SessionImpl::DrainAll() {
  bool more = false;
  next_drain_ns_ = MonotonicNs() + kLongestSleepNs;
  for (const auto& [serial, image] : images_) {
    more |= image->DrainBatch(parser_, *this);
    if (image->ExitsWanted() != image->exits_answered()) LookBeforeExit(*image);
    if (image->exit_look_again_ns != 0) next_drain_ns_ = std::min(next_drain_ns_, image->exit_look_again_ns);
  }
  return more;
}

void SessionImpl::LookBeforeExit(TracedImage& image) {
  if (image.exit_look_again_ns > MonotonicNs()) return;
  const uint32_t wanted = image.ExitsWanted();
  if (!Compare(image, /*waits=*/true)) {
    image.exit_look_again_ns = MonotonicNs() + kLookAgainNs;
    return;
  }
  image.exit_look_again_ns = 0;
  image.AnswerExits(wanted);
}

// Compares the model with /proc, all events read before. False: they differ, but that may pass: look again.
// WAITS: the thread that announced the exit does nothing meanwhile.
bool SessionImpl::Compare(TracedImage& image, bool waits) {
  const auto process = ProcessDirectory::OpenByAnyThread(image.pid());
  auto numbers = process.ok() ? process->Numbers() : process.status();
  Drain(image);
  if (!numbers.ok()) {
    if (process.ok() && process->Lives()) notes_.NotLookedAt(image.pid(), numbers.status());
    return true;
  }
  const bool may_change = !waits || process->Threads() > 1;
  if (!image.numbers.Settle(*numbers, model_.OpenNumbers(image.serial()), may_change)) return false;
  std::vector<pid_t> others;
  others.reserve(serials_.size());
  for (const auto& [pid, serial] : serials_) others.push_back(pid);
  const auto seen = DescribeDescriptors(*process, *numbers, others, pipes_);
  if (!seen.ok() || !process->Lives()) return true;  // killed while it waited: the listing may be of what was left over
  model_.Compare(image.serial(), *seen, SinceStart());
  image.compared = true;
  return true;
}

void SessionImpl::End(TracedImage& image, ProcessEnd how) {
  Drain(image);
  notes_.Damaged(image.pid(), image.damages() + image.unreadable());
  model_.ProcessEnded(image.serial(), SinceStart(), how);
  if (image.watch.fd() < 0) --without_pidfd_;
  serials_.erase(image.pid());
  images_.erase(image.serial());
}

void SessionImpl::EndTheDead() {
  if (without_pidfd_ != 0) {
    for (const auto& [serial, image] : images_) {
      if (image->watch.fd() < 0) ended_.push_back(serial);
    }
  }
  for (const uint32_t serial : std::exchange(ended_, {})) {
    TracedImage* const image = ImageBySerial(serial);
    if (image == nullptr || !image->watch.Ended()) continue;
    End(*image, image->compared ? ProcessEnd::kExited : ProcessEnd::kVanished);
  }
}

// Those that go on without us: what they hold now is what the recording says they held.
void SessionImpl::LookAtTheLiving(Served& served) {
  for (const auto& [serial, image] : images_) ended_.push_back(serial);
  EndTheDead();
  served.outlived = static_cast<uint32_t>(images_.size());
  std::vector<TracedImage*> open;
  for (const auto& [serial, image] : images_) open.push_back(image.get());
  while (!open.empty()) {
    std::erase_if(open, [this](TracedImage* image) { return Compare(*image, /*waits=*/false); });
    if (!open.empty()) usleep(kLookAgainNs / 1000);
  }
  for (const auto& [serial, image] : images_) {
    notes_.Damaged(image->pid(), image->damages() + image->unreadable());
    notes_.Outlived(image->pid());
    image->AnswerExits(image->ExitsWanted());
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Open(Model& model) {
  absl::StatusOr<std::unique_ptr<Greeter>> greeter = Greeter::Open();
  if (!greeter.ok()) return greeter.status();
  absl::StatusOr<SharedMemory> page = SharedMemory::Create("fdtrace-session", kPageBytes);
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
