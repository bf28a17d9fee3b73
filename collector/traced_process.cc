#include "collector/traced_process.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "collector/failure_causes.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

// No recording lasts a hundred years: such a time was damaged on its way.
constexpr uint64_t kImpossibleNs = 100ull * 365 * 24 * 3600 * 1'000'000'000;

// A sentence without its full stop.
std::string WhyUnread(const UnreadPython& python) {
  const std::string version = absl::StrCat("Python ", absl::CHexEscape(python.version().substr(0, 16)));
  switch (python.reason()) {
    case UnreadPython::UNKNOWN_VERSION:
      return absl::StrCat(version, " is none whose frames fdtrace can read");
    case UnreadPython::DEBUG_BUILD:
      return absl::StrCat(version, " is a debug build");
    case UnreadPython::FREE_THREADED:
      return absl::StrCat(version, " is a free-threaded build");
    default:
      return absl::StrCat("the frames of ", version, " are not as they should be");
  }
}

uint32_t SerialOf(uint64_t id) { return static_cast<uint32_t>(id >> kLifetimeCountBits); }

}  // namespace

TracedProcess::TracedProcess(const Image& image, Birth birth, RecordedSoFar& recording)
    : recording_(recording),
      from_outside_(birth.from_outside),
      image_(std::make_unique<ProgramImage>(image.serial, std::move(birth.ancestor))),
      held_(image, birth.given, birth.files, recording, totals_),
      numbers_(image, birth.given, image.forked_from != 0 ? birth.had : std::vector<int>()),
      kept_by_parent_(std::move(birth.kept)),
      directory_(std::move(birth.directory)),
      test_(image.forked_from != 0 ? birth.test : birth.test_of_program),
      test_of_program_(birth.test_of_program) {
  totals_.set_serial(image.serial);
  totals_.set_pid(image.pid);
  totals_.set_parent_pid(image.parent_pid);
  totals_.set_started_ns(image.started_ns);
  DescribeProgram(image);
  if (image.forked_from != 0) return;
  ReceiveWhatIsHeld(image.started_ns);
  if (!birth.first) return;
  for (const SeenDescriptor& seen : image.present) {
    if (seen.fd > kLastStandardNumber) received_[seen.fd] = {};
  }
}

TracedProcess::Birth TracedProcess::BirthOf(uint32_t pid, bool runs_program) const {
  Birth birth = {.ancestor = nullptr, .given = {}, .kept = {}, .files = {}, .directory = {}, .had = {}};
  KeptDescriptors::Given kept = kept_.ToChild(pid);
  birth.test = test_;
  birth.test_of_program = kept.test != 0 ? kept.test : test_;
  if (untraced_ && !runs_program) return birth;  // it was forked before, and what it was given is gone
  // A program receives what was kept and no more; but of what came over an exec, the image could not tell.
  const bool keeps_all = kept.certain || (runs_program && kept.any);
  birth.given = keeps_all ? held_.OpenersWithoutId() : held_.KnownOpeners();
  for (const auto& [fd, opener] : kept.receives) birth.given[fd] = opener;
  birth.kept = std::move(kept.receives);
  birth.files = held_.Files();
  birth.directory = directory_;
  if (!runs_program) birth.had = numbers_.ToChild();
  for (const auto& [fd, opener] : held_.OpenersWithoutId()) birth.kept.try_emplace(fd, opener);
  return birth;
}

void TracedProcess::DescribeProgram(const Image& image) {
  totals_.set_executable(image.executable);
  *totals_.mutable_command_line() = {image.command_line.begin(), image.command_line.end()};
  totals_.set_nofile_soft(image.nofile_soft);
  totals_.set_nofile_hard(image.nofile_hard);
  if (!image.directory.empty()) directory_ = image.directory;
}

void TracedProcess::Consume(uint32_t ring, const Event& event) {
  totals_.set_events(totals_.events() + 1);
  const uint64_t at_ns = event.at_ns() < kImpossibleNs ? event.at_ns() : recording_.timeline.latest_ns();
  if (!Count(event, at_ns, ring)) ++damaged_;
}

bool TracedProcess::Count(const Event& event, uint64_t at_ns, uint32_t ring) {
  switch (event.what_case()) {
    case Event::kOpened:
      return Count(event.opened(), at_ns, image_->WriterOf(ring));
    case Event::kClosed:
      return Count(event.closed(), at_ns, image_->WriterOf(ring));
    case Event::kClosedRange:
      return Count(event.closed_range(), at_ns, image_->WriterOf(ring));
    case Event::kFailed:
      if (IsLack(event.failed())) CountLack(event.failed(), at_ns);
      return CountNotOpen(event.failed(), at_ns, ring);
    case Event::kThread: {
      ThreadLabel& thread = image_->WriterOf(ring);
      thread = {.tid = event.thread().tid()};
      event.thread().name().copy(thread.name.data(), thread.name.size() - 1);
      return true;
    }
    case Event::kFunction:
      return image_->definitions().Define(event.function(), recording_.sites);
    case Event::kModule:
      return image_->definitions().Define(event.module(), recording_.sites);
    case Event::kPythonCode:
      return image_->definitions().Define(event.python_code(), recording_.sites);
    case Event::kUnreadPython:
      totals_.set_unread_python(WhyUnread(event.unread_python()));
      return true;
    case Event::kStack:
      return image_->definitions().Define(event.stack(), recording_.sites);
    case Event::kKept:
      return Count(event.kept(), ring);
    case Event::kExecuting:
      kept_.Execute(ring, at_ns, event.executing());
      return true;
    case Event::kExecFailed:
      kept_.ExecFailed(ring);
      return true;
    case Event::kSpawned:
      kept_.Spawned(ring, event.spawned().pid());
      return true;
    case Event::kSent:
      return Count(event.sent(), at_ns);
    case Event::kConfined:
      confined_.set_no_hello(confined_.no_hello() || event.confined().no_hello());
      confined_.set_no_stacks(confined_.no_stacks() || event.confined().no_stacks());
      return true;
    case Event::kExiting:
      if (event.exiting().by_daemon()) left_ns_ = at_ns;
      left_by_exit_call_ = event.exiting().status() >= 0;
      return true;
    case Event::kMark:
      if (event.mark().key() == 0) return false;
      recording_.tests.Began(event.mark().key(), event.mark().name(), at_ns);
      return true;
    case Event::kWritten:
      return Count(event.written(), at_ns);
    case Event::kVforkChild:  // whose events these are, the session knows
    case Event::kVforkEnd:
      return true;
    case Event::kUnlinked:
      return Count(event.unlinked(), at_ns);
    case Event::kRenamed:
      return Count(event.renamed(), at_ns);
    case Event::kLinked:
      return Count(event.linked(), at_ns);
    case Event::kMoved:
      return Count(event.moved(), at_ns);
    case Event::WHAT_NOT_SET:
      return false;
  }
  return false;
}

// Else it is a parent's, taken over by fork. Serial 0 is no image's.
bool TracedProcess::IsOwn(uint64_t id) const { return SerialOf(id) == 0 || SerialOf(id) == image_->serial(); }

bool TracedProcess::Count(const Opened& opened, uint64_t at_ns, const ThreadLabel& thread) {
  const uint64_t id = opened.id(), replaced = opened.replaced();
  if (id == 0 || !IsLifetimeId(id) || opened.fd() < 0 || !IsLifetimeId(replaced) || replaced == id || held_.Holds(id))
    return false;
  totals_.set_opened(totals_.opened() + 1);
  const bool has_site = opened.fd() > kLastStandardNumber;
  const uint32_t place = has_site ? image_->PlaceOfOpen(opened, recording_.sites) : 0;
  FileHold hold = HoldOf(opened, at_ns, place);
  const uint64_t test = opened.mark() != 0 ? opened.mark() : test_;
  if (has_site) recording_.tests.Opened(test);

  const bool came_upon = image_->CameUpon(opened);
  if (came_upon && !opened.overwrote()) received_.erase(opened.fd());
  if (replaced != 0 && !held_.Replace(replaced, at_ns) && IsOwn(replaced)) {
    parked_.Park(replaced, {.at_ns = at_ns, .unseen = true});
  }
  numbers_.Open(opened.fd(), {.id = id,
                              .at_ns = at_ns,
                              .place = place != 0 ? place : image_->PlaceOf(opened, recording_.sites),
                              .thread = thread,
                              .replaced = replaced,
                              .overwrote = opened.overwrote()});
  std::optional<Ending> overwrite;
  if (opened.overwrote()) overwrite = {at_ns, image_->PlaceOf(opened, recording_.sites)};
  held_.MakeRoom(opened.fd(), at_ns, overwrite, came_upon);

  held_.Open(id, {.opened_ns = at_ns,
                  .place = place,
                  .fd = opened.fd(),
                  .thread = thread,
                  .path_argument = opened.path(),
                  .seen = nullptr,
                  .receipt = ReceiptOf(opened, at_ns, place),
                  .hold = std::move(hold),
                  .test = test});
  if (has_site) LearnResource(place, opened.source());
  if (const std::optional<ParkedClose> close = parked_.Take(id)) {
    if (close->unseen) {
      held_.Replace(id, close->at_ns);
    } else {
      held_.Close(id, {close->at_ns, close->closer, close->file, close->kept_to_the_end});
    }
  }
  return true;
}

// What a duplicate is, its source tells.
void TracedProcess::LearnResource(uint32_t place, uint64_t source) const {
  Site& site = recording_.sites.At(place);
  if (site.resource != RESOURCE_UNKNOWN || source == 0) return;
  const auto other = recording_.by_image.find(SerialOf(source));
  if (held_.Holds(source)) {
    site.resource = held_.ResourceOf(source);
  } else if (other != recording_.by_image.end()) {
    site.resource = other->second->held_.ResourceOf(source);
  }
}

const Lifetime* TracedProcess::FindAnywhere(uint64_t id) const {
  if (const Lifetime* const own = held_.Find(id)) return own;
  const auto other = recording_.by_image.find(SerialOf(id));
  return other == recording_.by_image.end() ? nullptr : other->second->held_.Find(id);
}

bool TracedProcess::Count(const Kept& kept, uint32_t ring) {
  if (kept.fd() < 0 || !IsLifetimeId(kept.id())) return false;
  if (kept.fd() > kLastStandardNumber) kept_.Keep(ring, kept.fd(), OpenerOf(kept));
  return true;
}

Opener TracedProcess::OpenerOf(const Kept& kept) {
  if (kept.id() == 0) {
    const Lifetime* const elder = held_.FindElder(kept.fd());
    return elder == nullptr ? Opener() : held_.OpenerOf(*elder);
  }
  // A child of vfork has ids that are made from its parent's serial.
  const Lifetime* const own = held_.Find(kept.id());
  if (own != nullptr && own->place != 0) return held_.OpenerOf(*own);
  const auto pid = recording_.pid_by_image.find(SerialOf(kept.id()));
  return {.place = image_->PlaceOf(kept, recording_.sites),
          .pid = pid == recording_.pid_by_image.end() ? 0 : pid->second,
          .has_id = true};
}

bool TracedProcess::Count(const Sent& sent, uint64_t at_ns) {
  if (sent.fd() < 0 || !IsLifetimeId(sent.id())) return false;
  if (sent.inode() == 0) return true;
  const Lifetime* const lifetime = sent.id() != 0 ? FindAnywhere(sent.id()) : held_.FindElder(sent.fd());
  uint32_t place = 0;
  if (sent.id() != 0) {
    place = image_->PlaceOf(sent, recording_.sites);
  } else if (lifetime != nullptr) {
    place = held_.OpenerOf(*lifetime).place;
  }
  recording_.passed.Send(
      {sent.device(), sent.inode()},
      {.at_ns = at_ns, .id = sent.id(), .place = place, .receipt = lifetime == nullptr ? nullptr : lifetime->receipt},
      recording_.sites);
  return true;
}

std::shared_ptr<const Receipt> TracedProcess::ReceiptOf(const Opened& opened, uint64_t at_ns, uint32_t place) const {
  if (opened.inode() == 0) return nullptr;
  return recording_.passed.Receive({opened.device(), opened.inode()},
                                   {.at_ns = at_ns, .id = opened.id(), .place = place}, recording_.sites);
}

// The program that has just started received all that is there.
void TracedProcess::ReceiveWhatIsHeld(uint64_t at_ns) {
  received_ = held_.KnownOpeners();
  received_ns_ = at_ns;
}

void TracedProcess::CountReceived() {
  std::vector<int> numbers;
  for (const auto& [fd, opener] : received_) numbers.push_back(fd);
  std::sort(numbers.begin(), numbers.end());
  const Receiver receiver = {.executable = totals_.executable(), .process = totals_.serial(), .at_ns = received_ns_};
  for (const int fd : numbers) recording_.inherited.Count(received_.at(fd), fd, receiver);
  received_.clear();
}

// No event of the running image comes any more.
void TracedProcess::SettleImage() {
  parked_.ForgetAll();
  image_->Settle(recording_.sites, opened_at_);
  lost_before_ += image_->lost();
  totals_.set_events_lost(lost_before_ + parked_.in_vain() + damaged_);
  totals_.set_stackless(totals_.stackless() + image_->stackless());
}

void TracedProcess::Exec(const Image& image) {
  // A program that was taken for one without our library, and has said hello after all, received everything once.
  const bool same_program = untraced_ && image.executable == totals_.executable();
  if (!same_program) {
    CountReceived();
    CountUntraced();
  }
  untraced_ = false;
  totals_.clear_untraced_reason();
  SettleImage();
  EndMappings(image.started_ns);
  const KeptDescriptors::Announced* const announced = kept_.Exec();
  held_.Exec(image.started_ns, image.present, announced == nullptr ? nullptr : &announced->receives);
  SettleNumbers();
  numbers_ = ClosedNumbers(image, held_.KnownOpeners(), std::vector<int>());
  if (announced == nullptr) {
    test_ = test_of_program_;
  } else if (announced->test != 0) {
    test_ = announced->test;
  }
  test_of_program_ = test_;
  kept_ = KeptDescriptors();
  kept_by_parent_.clear();
  image_ = std::make_unique<ProgramImage>(image.serial, nullptr);
  DescribeProgram(image);
  ReceiveWhatIsHeld(image.started_ns);
}

void TracedProcess::BecameUntraced(const UntracedProgram& program) {
  CountReceived();
  CountUntraced();
  const KeptDescriptors::Announced* const announced = kept_.Exec();
  const Openers* const kept = announced == nullptr ? nullptr : &announced->receives;
  // One that nothing announced runs from about now on, and after the program before it.
  const uint64_t at_ns = announced != nullptr
                             ? announced->at_ns
                             : std::max({recording_.timeline.latest_ns(), totals_.started_ns(), received_ns_ + 1});
  EndMappings(at_ns);
  if (program.present) {
    held_.Exec(at_ns, *program.present, kept);
  } else {
    held_.ExecUnlooked(at_ns, kept == nullptr ? kept_by_parent_ : *kept);
  }
  kept_ = KeptDescriptors();
  kept_by_parent_.clear();
  untraced_ = true;
  totals_.set_untraced_reason(program.reason);
  totals_.set_executable(program.executable);
  *totals_.mutable_command_line() = {program.command_line.begin(), program.command_line.end()};
  ReceiveWhatIsHeld(at_ns);
}

// The program before is gone; the process tells of the one that runs now.
void TracedProcess::CountUntraced() {
  if (!untraced_) return;
  ++recording_.untraced_programs;
  recording_.untraced_between.Add(received_ns_, totals_.pid(), totals_.untraced_reason());
}

// What a program opens that is not followed is none of the recording's.
void TracedProcess::Compare(const std::vector<SeenDescriptor>& seen, uint64_t at_ns) {
  if (untraced_) return;
  held_.Compare(seen, at_ns);
  for (const SeenDescriptor& one : seen) numbers_.SeenOpen(one.fd, at_ns);
}

void TracedProcess::End(uint64_t noticed_ns, ProcessEnd how) {
  // One that left a daemon to go on held nothing any more that the daemon did not.
  const uint64_t at_ns = std::min(noticed_ns, left_ns_.value_or(noticed_ns));
  CountReceived();
  if (untraced_) ++recording_.untraced_programs;
  SettleImage();
  const bool alive = how == ProcessEnd::kAlive;
  held_.LeaveOpen(at_ns, from_outside_, alive, how == ProcessEnd::kExited && left_by_exit_call_);
  for (auto& [id, hold] : mappings_) {
    recording_.files.Left(hold, {.process = totals_.serial(), .at_ns = at_ns, .alive = alive});
  }
  mappings_.clear();
  SettleNumbers();
  for (const uint32_t place : opened_at_) recording_.sites.At(place).ProcessEnded(at_ns);
  totals_.set_ended_ns(how == ProcessEnd::kAlive ? 0 : at_ns);
  totals_.set_end(how == ProcessEnd::kAlive    ? TraceProcess::ALIVE
                  : untraced_                  ? TraceProcess::UNTRACED
                  : how == ProcessEnd::kExited ? TraceProcess::EXITED
                                               : TraceProcess::VANISHED);
}

}  // namespace fdtrace
