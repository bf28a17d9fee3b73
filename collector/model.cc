// Which process an event belongs to, and what all of them add up to.
#include "collector/model.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "collector/recording_notes.h"
#include "collector/traced_process.h"

namespace fdtrace {
namespace {

// A daemon's child says hello long after its parent has ended, and still uses what the parent defined, and belongs to
// its test. So much of that is kept.
constexpr size_t kMaxKeptDefinitions = 1'000'000;
constexpr size_t kMaxKeptImages = 1024;

class WholeModel : public Model {
 public:
  explicit WholeModel(CodeSeen code_seen) { recording_.sites.Tell(std::move(code_seen)); }

  void ImageStarted(const Image& image) override {
    if (image.serial == 0 || recording_.by_image.contains(image.serial)) {
      ++strays_;
      return;
    }
    if (const auto it = living_.find(image.pid); it != living_.end()) {
      TracedProcess& process = *it->second;
      if (image.forked_from == 0) {
        recording_.by_image.erase(process.image().serial());
        recording_.by_image[image.serial] = &process;
        recording_.pid_by_image[image.serial] = image.pid;
        KeepLegacy(process);
        process.Exec(image);
        return;
      }
      End(process.image().serial(), image.started_ns, ProcessEnd::kVanished);  // the number is a new process's
    }
    TracedProcess::Birth birth = BirthOf(image);
    for (const SeenDescriptor& seen : image.present) {
      if (birth.first && seen.file) recording_.files.GivenByCaller(*seen.file, image.started_ns);
    }
    auto process = std::make_unique<TracedProcess>(image, std::move(birth), recording_);
    recording_.by_image[image.serial] = process.get();
    recording_.pid_by_image[image.serial] = image.pid;
    living_[image.pid] = std::move(process);
  }

  void BecameUntraced(uint32_t serial, const UntracedProgram& program) override {
    if (TracedProcess* const process = Find(serial)) process->BecameUntraced(program);
  }

  void Consume(uint32_t serial, uint32_t ring, const Event& event) override {
    if (TracedProcess* const process = Find(serial)) {
      process->Consume(ring, event);
    } else {
      ++strays_;
    }
  }

  void LimitsSeen(uint32_t serial, const SystemLimits& limits) override {
    if (TracedProcess* const process = Find(serial)) process->LimitsSeen(limits);
  }

  void SetLost(uint32_t serial, uint64_t events_lost, uint64_t stackless) override {
    if (TracedProcess* const process = Find(serial)) process->SetLost(events_lost, stackless);
  }

  std::vector<int> UntoldNumbers(uint32_t serial) const override {
    const TracedProcess* const process = Find(serial);
    return process == nullptr ? std::vector<int>() : process->UntoldNumbers();
  }

  std::vector<int> OpenNumbers(uint32_t serial) const override {
    const TracedProcess* const process = Find(serial);
    return process == nullptr ? std::vector<int>() : process->OpenNumbers();
  }

  void Compare(uint32_t serial, const std::vector<SeenDescriptor>& seen, uint64_t at_ns) override {
    if (TracedProcess* const process = Find(serial)) process->Compare(seen, at_ns);
  }

  void FilesHeld(uint32_t serial, const std::vector<SeenFile>& files, uint64_t at_ns) override {
    if (TracedProcess* const process = Find(serial)) process->FilesHeld(files, at_ns);
  }

  std::vector<CreatedFile> CreatedFiles() override { return recording_.created.Remaining(); }

  void LeftBehind(const CreatedFile& file, const FileFacts& facts) override {
    recording_.created.LeftBehind(file, facts);
  }

  std::vector<WrittenFile> TakeUnsettled() override { return recording_.files.TakeUnsettled(); }

  std::vector<WrittenFile> Unsettled() const override { return recording_.files.Unsettled(); }

  void FileSeen(const WrittenFile& file, const FileFacts& facts, uint64_t at_ns) override {
    recording_.files.SeenByName({file.device, file.inode}, facts, at_ns);
  }

  void FilesystemSeen(const MountedOn& filesystem) override { mounted_.push_back(filesystem); }

  void ProcessEnded(uint32_t serial, uint64_t at_ns, ProcessEnd how) override { End(serial, at_ns, how); }

  absl::Status Write(const RecordingEnd& end, TraceWriter& writer) override {
    while (!recording_.by_image.empty()) {
      End(recording_.by_image.begin()->first, end.duration_ns, ProcessEnd::kAlive);
    }
    recording_.passed.Finish(recording_.sites);
    MakeSites();
    absl::flat_hash_map<uint32_t, uint32_t> site_of_place;
    absl::Status status = WriteProcesses(writer);
    if (status.ok()) status = recording_.sites.Write(writer, site_of_place);
    absl::flat_hash_map<uint64_t, uint32_t> test_of_key;
    if (status.ok()) status = recording_.tests.Write(writer, test_of_key);
    if (status.ok()) status = WriteDescriptors(site_of_place, test_of_key, writer);
    if (status.ok()) status = recording_.inherited.Write(recording_.sites, site_of_place, writer);
    if (status.ok()) status = recording_.files.Write(recording_.sites, mounted_, end.duration_ns, writer);
    if (status.ok()) status = recording_.created.Write(recording_.sites, writer);
    if (status.ok()) status = recording_.failures.Write(recording_.sites, mounted_, writer);
    if (status.ok()) status = recording_.wrong_closes.Write(recording_.sites, writer);
    if (!status.ok()) return status;
    TraceRecord timeline;
    *timeline.mutable_timeline() = recording_.timeline.ToTrace(end.duration_ns);
    if (status = writer.Append(timeline); !status.ok()) return status;
    TraceRecord record;
    *record.mutable_end() = Summary(end);
    return writer.Append(record);
  }

 private:
  // What children have from an image that is gone.
  struct Legacy {
    std::shared_ptr<Definitions> definitions;
    uint64_t test = 0;  // see TracedProcess::Birth
  };

  TracedProcess* Find(uint32_t serial) const {
    const auto it = recording_.by_image.find(serial);
    return it == recording_.by_image.end() ? nullptr : it->second;
  }

  TracedProcess::Birth BirthOf(const Image& image) const {
    const bool runs_program = image.forked_from == 0;
    const auto parent_by_pid = living_.find(image.parent_pid);
    const TracedProcess* parent = nullptr;
    if (!runs_program) {
      parent = Find(image.forked_from);
    } else if (parent_by_pid != living_.end()) {
      parent = parent_by_pid->second.get();
    }
    TracedProcess::Birth birth;
    if (parent != nullptr) birth = parent->BirthOf(image.pid, runs_program);
    const Legacy legacy = LegacyOf(image.forked_from);
    birth.ancestor = legacy.definitions;
    if (parent == nullptr) birth.test = birth.test_of_program = legacy.test;
    birth.from_outside = runs_program && parent == nullptr;
    birth.first = runs_program && recording_.pid_by_image.empty();
    return birth;
  }

  Legacy LegacyOf(uint32_t serial) const {
    if (TracedProcess* const process = Find(serial)) return {.definitions = process->image().shared_definitions()};
    for (const auto& [kept_serial, legacy] : kept_) {
      if (kept_serial == serial) return legacy;
    }
    return {};
  }

  // For children that have yet to say hello.
  void KeepLegacy(TracedProcess& process) {
    kept_.emplace_back(process.image().serial(),
                       Legacy{.definitions = process.image().shared_definitions(), .test = process.test()});
    kept_size_ += kept_.back().second.definitions->size();
    while ((kept_size_ > kMaxKeptDefinitions && kept_.size() > 1) || kept_.size() > kMaxKeptImages) {
      kept_size_ -= std::min(kept_size_, kept_.front().second.definitions->size());
      kept_.pop_front();
    }
  }

  void End(uint32_t serial, uint64_t at_ns, ProcessEnd how) {
    TracedProcess* const process = Find(serial);
    if (process == nullptr) return;
    KeepLegacy(*process);
    process->End(at_ns, how);
    closes_without_open_ += process->closes_without_open();
    damaged_ += process->damaged();
    without_hello_ += process->confined().no_hello();
    without_stacks_ += process->confined().no_stacks();
    ended_.push_back(process->totals());
    recording_.by_image.erase(serial);
    living_.erase(ended_.back().pid());
  }

  // Every place that a record names has a site, though its openings were lost.
  void MakeSites() {
    recording_.inherited.MakeSites(recording_.sites);
    for (const LeftOpen& left : recording_.left_open) {
      const auto& receipt = left.lifetime.receipt;
      if (receipt != nullptr && receipt->first_place != 0) recording_.sites.At(receipt->first_place);
    }
  }

  absl::Status WriteProcesses(TraceWriter& writer) {
    std::sort(ended_.begin(), ended_.end(), [](const auto& a, const auto& b) { return a.serial() < b.serial(); });
    for (const TraceProcess& process : ended_) {
      TraceRecord record;
      *record.mutable_process() = process;
      if (absl::Status status = writer.Append(record); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status WriteDescriptors(const absl::flat_hash_map<uint32_t, uint32_t>& site_of_place,
                                const absl::flat_hash_map<uint64_t, uint32_t>& test_of_key, TraceWriter& writer) {
    std::sort(recording_.left_open.begin(), recording_.left_open.end(), [](const LeftOpen& a, const LeftOpen& b) {
      return std::tuple(a.lifetime.opened_ns, a.process, a.lifetime.fd) <
             std::tuple(b.lifetime.opened_ns, b.process, b.lifetime.fd);
    });
    for (const LeftOpen& left : recording_.left_open) {
      const Lifetime& lifetime = left.lifetime;
      TraceRecord record;
      TraceDescriptor& trace = *record.mutable_open_descriptor();
      if (lifetime.place != 0) trace.set_site(site_of_place.at(recording_.sites.Find(lifetime.place)));
      trace.set_process(left.process);
      trace.set_fd(lifetime.fd);
      trace.set_opened_ns(lifetime.opened_ns);
      trace.set_tid(lifetime.thread.tid);
      trace.set_thread(lifetime.thread.name.data());
      trace.set_path_argument(lifetime.path_argument);
      if (lifetime.seen != nullptr) {
        trace.set_link(lifetime.seen->link);
        trace.set_description(lifetime.seen->description);
        trace.set_resource(lifetime.seen->resource);
      }
      trace.set_inherited(left.inherited);
      if (lifetime.receipt != nullptr && lifetime.receipt->first_place != 0) {
        trace.set_first_site(site_of_place.at(recording_.sites.Find(lifetime.receipt->first_place)));
      }
      if (const auto test = test_of_key.find(lifetime.test); test != test_of_key.end()) trace.set_test(test->second);
      if (absl::Status status = writer.Append(record); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  TraceEnd Summary(const RecordingEnd& end) const {
    TraceEnd summary;
    summary.set_duration_ns(end.duration_ns);
    summary.set_exit_status(end.exit_status);
    summary.set_signal(end.signal);
    uint64_t lost = strays_;
    uint64_t alive = 0;
    uint64_t vanished = 0;
    for (const TraceProcess& process : ended_) {
      summary.set_events(summary.events() + process.events());
      summary.set_opened(summary.opened() + process.opened());
      summary.set_opened_unseen(summary.opened_unseen() + process.opened_unseen());
      summary.set_closed_unseen(summary.closed_unseen() + process.closed_unseen());
      lost += process.events_lost();
      alive += process.end() == TraceProcess::ALIVE;
      vanished += process.end() == TraceProcess::VANISHED;
    }
    summary.set_events_lost(lost);
    summary.set_still_open(recording_.sites.Totals().still_open());
    const bool all_followed = recording_.untraced_programs == 0 && !end.some_unheard && !ended_.empty();
    summary.set_complete(lost == 0 && alive == 0 && vanished == 0 && all_followed);
    for (const std::string& note : end.notes) summary.add_notes(note);
    const std::vector<std::string> notes = NotesOf({.lost = lost,
                                                    .closes_without_open = closes_without_open_,
                                                    .senseless = damaged_ + strays_,
                                                    .stacks_lost = recording_.sites.stacks_lost(),
                                                    .alive = alive,
                                                    .vanished = vanished,
                                                    .untraced_between = recording_.untraced_between,
                                                    .without_hello = without_hello_,
                                                    .without_stacks = without_stacks_,
                                                    .files_not_looked_at = recording_.created.not_looked_at()});
    for (const std::string& note : notes) summary.add_notes(note);
    return summary;
  }

  RecordedSoFar recording_;
  absl::flat_hash_map<uint32_t, std::unique_ptr<TracedProcess>> living_;  // by pid
  std::vector<TraceProcess> ended_;
  std::deque<std::pair<uint32_t, Legacy>> kept_;  // by serial
  size_t kept_size_ = 0;
  uint64_t closes_without_open_ = 0;
  uint64_t damaged_ = 0;
  uint64_t without_hello_ = 0;  // processes that confined themselves
  uint64_t without_stacks_ = 0;
  std::vector<MountedOn> mounted_;
  uint64_t strays_ = 0;  // events of an image that is not known
};

}  // namespace

std::unique_ptr<Model> MakeModel(CodeSeen code_seen) { return std::make_unique<WholeModel>(std::move(code_seen)); }

}  // namespace fdtrace
