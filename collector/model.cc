// Which process an event belongs to, and what all of them add up to.
#include "collector/model.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "collector/traced_process.h"

namespace fdtrace {
namespace {

// A daemon's child says hello long after its parent has ended, and still uses what the parent defined. So much of that
// is kept.
constexpr size_t kMaxKeptDefinitions = 1'000'000;
constexpr size_t kMaxKeptImages = 1024;

std::string Counted(uint64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

class WholeModel : public Model {
 public:
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
        KeepDefinitions(process);
        process.Exec(image);
        return;
      }
      End(process.image().serial(), image.started_ns, ProcessEnd::kVanished);  // the number is a new process's
    }
    const bool from_outside = image.forked_from == 0 && !living_.contains(image.parent_pid);
    auto process = std::make_unique<TracedProcess>(image, DefinitionsOf(image.forked_from), from_outside, recording_);
    recording_.by_image[image.serial] = process.get();
    living_[image.pid] = std::move(process);
  }

  void BecameUntraced(uint32_t, const UntracedProgram&) override {}

  void Consume(uint32_t serial, uint32_t ring, const Event& event) override {
    if (TracedProcess* const process = Find(serial)) {
      process->Consume(ring, event);
    } else {
      ++strays_;
    }
  }

  void SetLost(uint32_t serial, uint64_t events_lost, uint64_t stackless) override {
    if (TracedProcess* const process = Find(serial)) process->SetLost(events_lost, stackless);
  }

  std::vector<int> OpenNumbers(uint32_t serial) const override {
    const TracedProcess* const process = Find(serial);
    return process == nullptr ? std::vector<int>() : process->OpenNumbers();
  }

  void Compare(uint32_t serial, const std::vector<SeenDescriptor>& seen, uint64_t at_ns) override {
    if (TracedProcess* const process = Find(serial)) process->Compare(seen, at_ns);
  }

  void ProcessEnded(uint32_t serial, uint64_t at_ns, ProcessEnd how) override { End(serial, at_ns, how); }

  absl::Status Write(const RecordingEnd& end, TraceWriter& writer) override {
    while (!recording_.by_image.empty()) {
      End(recording_.by_image.begin()->first, end.duration_ns, ProcessEnd::kAlive);
    }
    absl::flat_hash_map<uint32_t, uint32_t> site_of_place;
    absl::Status status = WriteProcesses(writer);
    if (status.ok()) status = recording_.sites.Write(writer, site_of_place);
    if (status.ok()) status = WriteDescriptors(site_of_place, writer);
    if (!status.ok()) return status;
    TraceRecord timeline;
    *timeline.mutable_timeline() = recording_.timeline.ToTrace(end.duration_ns);
    if (status = writer.Append(timeline); !status.ok()) return status;
    TraceRecord record;
    *record.mutable_end() = Summary(end);
    return writer.Append(record);
  }

 private:
  TracedProcess* Find(uint32_t serial) const {
    const auto it = recording_.by_image.find(serial);
    return it == recording_.by_image.end() ? nullptr : it->second;
  }

  std::shared_ptr<Definitions> DefinitionsOf(uint32_t serial) const {
    if (TracedProcess* const process = Find(serial)) return process->image().shared_definitions();
    for (const auto& [kept_serial, definitions] : kept_definitions_) {
      if (kept_serial == serial) return definitions;
    }
    return nullptr;
  }

  // For children that have yet to say hello.
  void KeepDefinitions(TracedProcess& process) {
    kept_definitions_.emplace_back(process.image().serial(), process.image().shared_definitions());
    kept_size_ += kept_definitions_.back().second->size();
    while ((kept_size_ > kMaxKeptDefinitions && kept_definitions_.size() > 1) ||
           kept_definitions_.size() > kMaxKeptImages) {
      kept_size_ -= std::min(kept_size_, kept_definitions_.front().second->size());
      kept_definitions_.pop_front();
    }
  }

  void End(uint32_t serial, uint64_t at_ns, ProcessEnd how) {
    TracedProcess* const process = Find(serial);
    if (process == nullptr) return;
    KeepDefinitions(*process);
    process->End(at_ns, how);
    closes_without_open_ += process->closes_without_open();
    damaged_ += process->damaged();
    ended_.push_back(process->totals());
    recording_.by_image.erase(serial);
    living_.erase(ended_.back().pid());
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

  absl::Status WriteDescriptors(const absl::flat_hash_map<uint32_t, uint32_t>& site_of_place, TraceWriter& writer) {
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
    summary.set_complete(lost == 0 && alive == 0 && vanished == 0 && !ended_.empty());
    for (const std::string& note : end.notes) summary.add_notes(note);
    AddNotes(lost, alive, vanished, summary);
    return summary;
  }

  // Sentences for the report's readers, without a full stop.
  void AddNotes(uint64_t lost, uint64_t alive, uint64_t vanished, TraceEnd& summary) const {
    if (lost != 0) {
      summary.add_notes(absl::StrCat(Counted(lost, "event was lost", "events were lost"),
                                     ": a descriptor that is shown as still open may have been closed"));
    }
    if (closes_without_open_ != 0) {
      summary.add_notes(
          absl::StrCat("Of the lost events, ",
                       Counted(closes_without_open_, "was the opening of a descriptor", "were openings of descriptors"),
                       " whose close was seen: these are counted nowhere"));
    }
    if (damaged_ != 0 || strays_ != 0) {
      summary.add_notes(absl::StrCat("Of the lost events, ", Counted(damaged_ + strays_, "arrived", "arrived"),
                                     " but made no sense, as when a program writes over memory that is not its own"));
    }
    if (recording_.sites.stacks_lost() != 0) {
      summary.add_notes(absl::StrCat(
          "The stacks of ", Counted(recording_.sites.stacks_lost(), "opened descriptor", "opened descriptors"),
          " were lost: they are listed together by the function that opened them, without a stack"));
    }
    if (alive != 0) {
      summary.add_notes(
          absl::StrCat(Counted(alive, "process was", "processes were"),
                       " still running when recording ended: what they held then is shown as still open"));
    }
    if (vanished != 0) {
      summary.add_notes(
          absl::StrCat(Counted(vanished, "process", "processes"),
                       " ended without notice, as by a signal: what they held by the last event is shown as "
                       "still open"));
    }
  }

  Recording recording_;
  absl::flat_hash_map<uint32_t, std::unique_ptr<TracedProcess>> living_;  // by pid
  std::vector<TraceProcess> ended_;
  std::deque<std::pair<uint32_t, std::shared_ptr<Definitions>>> kept_definitions_;
  size_t kept_size_ = 0;
  uint64_t closes_without_open_ = 0;
  uint64_t damaged_ = 0;
  uint64_t strays_ = 0;  // events of an image that is not known
};

}  // namespace

std::unique_ptr<Model> MakeModel() { return std::make_unique<WholeModel>(); }

}  // namespace fdtrace
