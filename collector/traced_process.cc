#include "collector/traced_process.h"

#include <optional>
#include <utility>

#include "proto/session.h"

namespace fdtrace {
namespace {

// No recording lasts a hundred years: such a time was damaged on its way.
constexpr uint64_t kImpossibleNs = 100ull * 365 * 24 * 3600 * 1'000'000'000;

bool IsId(uint64_t id) { return id >> kLifetimeIdBits == 0; }
uint32_t SerialOf(uint64_t id) { return static_cast<uint32_t>(id >> kLifetimeCountBits); }

}  // namespace

TracedProcess::TracedProcess(const Image& image, std::shared_ptr<Definitions> ancestor, bool from_outside,
                             Recording& recording)
    : recording_(recording),
      from_outside_(from_outside),
      image_(std::make_unique<ProgramImage>(image.serial, std::move(ancestor))),
      held_(image, recording, totals_) {
  totals_.set_serial(image.serial);
  totals_.set_pid(image.pid);
  totals_.set_parent_pid(image.parent_pid);
  totals_.set_started_ns(image.started_ns);
  DescribeProgram(image);
}

void TracedProcess::DescribeProgram(const Image& image) {
  totals_.set_executable(image.executable);
  totals_.clear_command_line();
  for (const std::string& argument : image.command_line) totals_.add_command_line(argument);
  totals_.set_nofile_soft(image.nofile_soft);
  totals_.set_nofile_hard(image.nofile_hard);
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
      return Count(event.closed(), at_ns);
    case Event::kClosedRange:
      return Count(event.closed_range(), at_ns);
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
    case Event::kStack:
      return image_->definitions().Define(event.stack(), recording_.sites);
    case Event::kExiting:
    case Event::kKept:
    case Event::kExecuting:
    case Event::kExecFailed:
    case Event::kSpawned:
    case Event::kSent:
    case Event::kConfined:
      return true;
    case Event::kVforkChild:
    case Event::kVforkEnd:
    case Event::WHAT_NOT_SET:
      return false;
  }
  return false;
}

// Else it is a parent's, taken over by fork. Serial 0 is no image's.
bool TracedProcess::IsOwn(uint64_t id) const { return SerialOf(id) == 0 || SerialOf(id) == image_->serial(); }

bool TracedProcess::Count(const Opened& opened, uint64_t at_ns, const ThreadLabel& thread) {
  const uint64_t id = opened.id(), replaced = opened.replaced();
  if (id == 0 || !IsId(id) || opened.fd() < 0 || !IsId(replaced) || replaced == id || held_.Holds(id)) return false;
  totals_.set_opened(totals_.opened() + 1);

  const bool came_upon = image_->CameUpon(opened);
  if (replaced != 0 && !held_.Replace(replaced, at_ns) && IsOwn(replaced)) {
    parked_.Park(replaced, {.at_ns = at_ns, .unseen = true});
  }
  std::optional<Ending> overwrite;
  if (opened.overwrote()) overwrite = {at_ns, image_->PlaceOfClose(opened, recording_.sites)};
  held_.MakeRoom(opened.fd(), at_ns, overwrite, came_upon);

  const bool has_site = opened.fd() > kLastStandardNumber;
  const uint32_t place = has_site ? image_->PlaceOfOpen(opened, recording_.sites) : 0;
  held_.Open(id, {.opened_ns = at_ns,
                  .place = place,
                  .fd = opened.fd(),
                  .thread = thread,
                  .path_argument = opened.path(),
                  .seen = nullptr});
  if (has_site) LearnResource(place, opened.source());
  if (const std::optional<ParkedClose> close = parked_.Take(id)) {
    if (close->unseen) {
      held_.Replace(id, close->at_ns);
    } else {
      held_.Close(id, {close->at_ns, close->closer});
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

bool TracedProcess::Count(const Closed& closed, uint64_t at_ns) {
  const uint64_t id = closed.id();
  if (!IsId(id) || closed.fd() < 0) return false;
  const bool first = !std::exchange(image_->told_anything, true);
  const Ending ending = {at_ns, image_->PlaceOfClose(closed, recording_.sites)};
  if (id != 0 && held_.Close(id, ending)) return true;
  if (id != 0 && IsOwn(id)) {
    // Its Opened is still to come, and will find no elder: that had ended before.
    held_.MakeRoom(closed.fd(), at_ns, std::nullopt, /*came_upon=*/false);
    parked_.Park(id, {.at_ns = at_ns, .closer = ending.closer});
  } else if (!held_.CloseElder(closed.fd(), ending) && id == 0 && !first) {
    // Without an id it is told after the real close: of the first event's descriptor, /proc showed nothing any more.
    totals_.set_opened_unseen(totals_.opened_unseen() + 1);
  }
  return true;
}

bool TracedProcess::Count(const ClosedRange& range, uint64_t at_ns) {
  if (range.first() > range.last()) return false;
  image_->told_anything = true;
  held_.CloseElders(range.first(), range.last(), {at_ns, image_->PlaceOfClose(range, recording_.sites)});
  return true;
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
  SettleImage();
  held_.Exec(image);
  image_ = std::make_unique<ProgramImage>(image.serial, nullptr);
  DescribeProgram(image);
}

void TracedProcess::End(uint64_t at_ns, ProcessEnd how) {
  SettleImage();
  held_.LeaveOpen(at_ns, from_outside_);
  for (const uint32_t place : opened_at_) recording_.sites.At(place).ProcessEnded(at_ns);
  totals_.set_ended_ns(how == ProcessEnd::kAlive ? 0 : at_ns);
  totals_.set_end(how == ProcessEnd::kAlive    ? TraceProcess::ALIVE
                  : how == ProcessEnd::kExited ? TraceProcess::EXITED
                                               : TraceProcess::VANISHED);
}

}  // namespace fdtrace
