#include "collector/session_files.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "collector/left_behind.h"
#include "collector/monotonic_clock.h"
#include "collector/system_limits.h"

namespace fdtrace {
namespace {

constexpr int64_t kPassNs = 1'000'000'000;
constexpr int64_t kAllNs = 10'000'000'000;
constexpr int64_t kSliceNs = 2'000'000;
constexpr int64_t kRestsForEachLook = 100;  // times as long as it took
constexpr size_t kMostNamed = 1024;         // descriptors of a process whose call failed
constexpr uint64_t kLongLivedNs = 1'000'000'000;
constexpr std::chrono::seconds kLookForLimit(5);
constexpr std::chrono::milliseconds kLookAtWrittenLimit(100);  // while programs wait for us

int64_t ProcessorTimeNs() {
  timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

size_t BucketOf(uint64_t inode) { return inode % decltype(TracedImage::Files::opened)().size(); }

// A child of vfork is in its parent's memory until it runs another program.
bool HasMemoryOfItsOwn(const TracedImage& image) { return image.host == 0 || image.untraced; }

void AddMappings(const ProcessDirectory& process, std::vector<HeldFile>& held) {
  std::vector<HeldFile> mapped = HeldByMappings(process);
  std::move(mapped.begin(), mapped.end(), std::back_inserter(held));
}

}  // namespace

uint64_t SessionFiles::SinceStart() const { return static_cast<uint64_t>(MonotonicNs() - started_ns_); }

void SessionFiles::Started(TracedImage& image, uint32_t forked_from, std::span<const SeenDescriptor> present) {
  anything_told_ = true;
  const TracedImage* const parent = processes_.BySerial(forked_from);
  if (forked_from == 0) {
    image.files.removals_before = removals_;
  } else if (parent != nullptr) {
    image.files = parent->files;
    image.files.changed = true;
    image.files.failure_noted_ns = 0;
  }
  for (const SeenDescriptor& seen : present) {
    if (!seen.file.has_value()) continue;
    image.files.opened.set(BucketOf(seen.file->inode));
    image.files.held_nameless |= seen.file->links == 0;
  }
}

void SessionFiles::Note(TracedImage& image, const Event& event) {
  image.files.changed = true;
  anything_told_ = true;
  if (event.has_opened()) {
    const Opened& opened = event.opened();
    if (opened.inode() != 0) image.files.opened.set(BucketOf(opened.inode()));
    if (!opened.has_file()) return;
    image.files.opened.set(BucketOf(opened.file().inode()));
    image.files.held_nameless |= opened.file().links() == 0;
  } else if (event.has_unlinked() && event.unlinked().file().links() == 0) {
    removed_[BucketOf(event.unlinked().file().inode())] = ++removals_;
    image.files.has_removed = true;
  } else if (event.has_failed()) {
    NoteFailure(image, event.failed());
  }
}

void SessionFiles::NoteFailure(TracedImage& image, const Failed& failed) {
  const int64_t now_ns = MonotonicNs();
  int64_t& noted_ns = image.files.failure_noted_ns;
  if (noted_ns != 0 && now_ns - noted_ns < kPassNs) return;  // of more such, the next pass tells
  noted_ns = now_ns;
  model_.LimitsSeen(image.serial(), LimitsOf(image.pid()));
  const uint64_t device = failed.filesystem().device();
  if (device == 0) return;
  failed_ = image.serial();
  filesystems_.Meet(image.pid(), device, failed.path());
}

// See the rule in the header.
bool SessionFiles::MappingsMayMatter(const TracedImage& image) const {
  if (!HasMemoryOfItsOwn(image)) return false;
  const TracedImage::Files& files = image.files;
  if (files.held_nameless || files.has_removed) return true;
  if (files.removals_before == removals_) return false;
  if (SinceStart() - image.described.started_ns >= kLongLivedNs) return true;
  for (size_t bucket = 0; bucket < removed_.size(); ++bucket) {
    if (files.opened[bucket] && removed_[bucket] > files.removals_before) return true;
  }
  return false;
}

void SessionFiles::Tell(TracedImage& image, const ProcessDirectory& process, std::span<const SeenDescriptor> seen,
                        Mappings mappings, uint64_t at_ns) {
  std::vector<HeldFile> held = HeldAmong(seen);
  const bool look = mappings == Mappings::kAlways ? HasMemoryOfItsOwn(image) : MappingsMayMatter(image);
  if (look || !held.empty()) AddMappings(process, held);
  if (process.Lives()) TellModel(image, process, held, at_ns);
}

void SessionFiles::LookForTheLastTime(TracedImage& image) {
  if (const auto seen = LookAt(image)) TellModel(image, seen->process, seen->held, seen->at_ns);
}

void SessionFiles::TellModel(TracedImage& image, const ProcessDirectory& process, std::span<const HeldFile> held,
                             uint64_t at_ns) {
  image.files.holds_nameless = !held.empty();
  image.files.held_nameless |= !held.empty();
  std::vector<SeenFile> files;
  files.reserve(held.size());
  for (const HeldFile& one : held) {
    filesystems_.Meet(process, one);
    files.push_back(one.seen);
  }
  model_.FilesHeld(image.serial(), files, at_ns);
}

// Nothing: it may not be looked at, or has ended.
std::optional<SessionFiles::Seen> SessionFiles::LookAt(TracedImage& image) const {
  image.files.changed = false;
  const uint64_t at_ns = SinceStart();
  auto process = ProcessDirectory::OpenByAnyThread(image.pid());
  if (!process.ok()) return std::nullopt;
  auto held = HeldByDescriptors(*process);
  if (!held.ok()) return std::nullopt;
  if (HasMemoryOfItsOwn(image)) AddMappings(*process, *held);
  if (!process->Lives()) return std::nullopt;
  std::vector<FileFacts> named;
  if (image.serial() == failed_) named = NamedByDescriptors(*process, kMostNamed);
  return Seen{.serial = image.serial(),
              .process = *std::move(process),
              .held = *std::move(held),
              .named = std::move(named),
              .at_ns = at_ns};
}

void SessionFiles::ChooseThoseDue(int64_t now_ns) {
  const bool all = removals_ != removals_at_last_pass_ || now_ns - all_looked_at_ns_ >= kAllNs;
  for (const TracedImage* const image : processes_.All()) {
    if (all || image->files.changed || image->files.holds_nameless) due_.push_back(image->serial());
  }
  pass_began_ns_ = now_ns;
  if (all) all_looked_at_ns_ = now_ns;
  removals_at_last_pass_ = removals_;
  anything_told_ = any_holds_ = false;
}

void SessionFiles::LookNowAndThen(const std::function<void()>& read_all) {
  const int64_t now_ns = MonotonicNs();
  if (now_ns < NextLookNs()) return;
  if (due_.empty()) ChooseThoseDue(now_ns);
  if (failed_ != 0) {  // it is looked at first
    std::erase(due_, failed_);
    due_.push_back(failed_);
  }
  const int64_t began_ns = ProcessorTimeNs();
  int64_t took_ns = 0;
  std::vector<Seen> seen;
  for (; !due_.empty() && took_ns < kSliceNs; took_ns = ProcessorTimeNs() - began_ns) {
    TracedImage* const image = processes_.BySerial(due_.back());
    due_.pop_back();
    if (image == nullptr || image->watch.Ended()) continue;
    if (auto one = LookAt(*image)) seen.push_back(*std::move(one));
  }
  next_slice_ns_ = MonotonicNs() + kRestsForEachLook * took_ns;
  failed_ = 0;
  read_all();
  // The one that failed comes last: with its own the model takes the picture of the whole.
  for (auto one = seen.rbegin(); one != seen.rend(); ++one) {
    TracedImage* const image = processes_.BySerial(one->serial);
    if (image == nullptr) continue;
    for (const FileFacts& facts : one->named) {
      model_.FileSeen({.device = facts.device, .inode = facts.inode, .path = {}}, facts, one->at_ns);
    }
    any_holds_ |= !one->held.empty();
    TellModel(*image, one->process, one->held, one->at_ns);
  }
}

int64_t SessionFiles::NextLookNs() const {
  if (!due_.empty() || failed_ != 0) return next_slice_ns_;
  const bool soon = anything_told_ || any_holds_;
  return std::max(next_slice_ns_, soon ? pass_began_ns_ + kPassNs : all_looked_at_ns_ + kAllNs);
}

void SessionFiles::LookAtWritten(const std::function<void()>& read_all) {
  std::vector<WrittenFile> files = model_.TakeUnsettled();
  std::erase_if(files, [this](const WrittenFile& file) { return mute_.contains(file.device); });
  if (files.empty()) return;
  const uint64_t at_ns = SinceStart();
  const LookedFor looked_for = LookFor(files, kLookAtWrittenLimit);
  if (looked_for.not_reached != 0) mute_.insert(files[files.size() - looked_for.not_reached].device);
  read_all();
  for (const auto& [file, facts] : looked_for.there) model_.FileSeen(file, facts, at_ns);
}

void SessionFiles::LookAtWrittenForTheLastTime() {
  const uint64_t at_ns = SinceStart();
  for (const auto& [file, facts] : LookFor(model_.Unsettled(), kLookForLimit).there) {
    model_.FileSeen(file, facts, at_ns);
  }
}

void SessionFiles::LookForThoseLeftBehind() {
  const LookedFor looked_for = LookFor(model_.CreatedFiles(), kLookForLimit);
  for (const auto& [file, facts] : looked_for.there) {
    filesystems_.Meet(facts.device, file.path);
    model_.LeftBehind(file, facts);
  }
  notes_.NotLookedFor(looked_for.not_reached);
}

}  // namespace fdtrace
