// One process over all its program images: which descriptor each event is about, and what becomes of it. Pure.
//  - A descriptor counts once, for the process that opened it: the copies a forked child has are held, never counted.
//  - A damaged event changes nothing but a count.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "collector/held_descriptors.h"
#include "collector/lifetime.h"
#include "collector/parked_closes.h"
#include "collector/program_image.h"

namespace fdtrace {

class TracedProcess {
 public:
  // `from_outside`: its parent is not part of the recording.
  TracedProcess(const Image& image, std::shared_ptr<Definitions> ancestor, bool from_outside, Recording& recording);
  TracedProcess(const TracedProcess&) = delete;

  void Exec(const Image& image);
  void Consume(uint32_t ring, const Event& event);
  void SetLost(uint64_t events_lost, uint64_t stackless) { image_->SetLost(events_lost, stackless); }
  std::vector<int> OpenNumbers() const { return held_.Numbers(); }
  void Compare(const std::vector<SeenDescriptor>& seen, uint64_t at_ns) { held_.Compare(seen, at_ns); }
  // Afterwards only the totals and counts may be asked for.
  void End(uint64_t at_ns, ProcessEnd how);

  ProgramImage& image() { return *image_; }
  const TraceProcess& totals() const { return totals_; }
  // Closes that named a lifetime whose opening never came, and events that make no sense: part of events_lost.
  uint64_t closes_without_open() const { return parked_.in_vain(); }
  uint64_t damaged() const { return damaged_; }

 private:
  // False when the event makes no sense.
  bool Count(const Event& event, uint64_t at_ns, uint32_t ring);
  bool Count(const Opened& opened, uint64_t at_ns, const ThreadLabel& thread);
  bool Count(const Closed& closed, uint64_t at_ns);
  bool Count(const ClosedRange& range, uint64_t at_ns);

  bool IsOwn(uint64_t id) const;
  void LearnResource(uint32_t place, uint64_t source) const;
  void DescribeProgram(const Image& image);
  void SettleImage();

  Recording& recording_;
  bool from_outside_;
  TraceProcess totals_;
  std::unique_ptr<ProgramImage> image_;
  HeldDescriptors held_;
  ParkedCloses parked_;
  absl::flat_hash_set<uint32_t> opened_at_;  // places of images gone by
  uint64_t lost_before_ = 0;                 // by images gone by
  uint64_t damaged_ = 0;
};

}  // namespace fdtrace
