// One process over all its program images: which descriptor each event is about, and what becomes of it. Pure.
//  - A descriptor counts once, for the process that opened it: the copies a forked child has are held, never counted.
//  - A damaged event changes nothing but a count.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "collector/closed_numbers.h"
#include "collector/held_descriptors.h"
#include "collector/kept_descriptors.h"
#include "collector/lifetime.h"
#include "collector/parked_closes.h"
#include "collector/program_image.h"

namespace fdtrace {

class TracedProcess {
 public:
  // What a child has from its parent.
  struct Birth {
    std::shared_ptr<Definitions> ancestor;
    bool from_outside = false;  // the parent is not part of the recording
    bool first = false;         // nor was anything before it: fdtrace's caller gave it what it has
    Openers given;              // who opened what it has, as far as the parent knows
    Openers kept;               // of a spawned child: what its program is to receive
    HoldsByNumber files;        // that the parent has open
    std::string directory;      // its working directory
    ClosedNumbers::Had had;     // of a copy of the parent
    // Keys of the tests that it is in where its own events name none, as a copy of the parent, and once it runs a
    // program that the parent started; 0: none.
    uint64_t test = 0;
    uint64_t test_of_program = 0;
  };

  TracedProcess(const Image& image, Birth birth, RecordedSoFar& recording);
  TracedProcess(const TracedProcess&) = delete;

  // Of a child with that pid: a copy of this process, or else one that runs a program.
  Birth BirthOf(uint32_t pid, bool runs_program) const;

  void Exec(const Image& image);
  void BecameUntraced(const UntracedProgram& program);
  void Consume(uint32_t ring, const Event& event);
  void LimitsSeen(const SystemLimits& limits) { limits_ = limits; }
  void SetLost(uint64_t events_lost, uint64_t stackless) { image_->SetLost(events_lost, stackless); }
  std::vector<int> OpenNumbers() const { return held_.Numbers(); }
  std::vector<int> UntoldNumbers() const { return held_.Untold(from_outside_); }
  void Compare(const std::vector<SeenDescriptor>& seen, uint64_t at_ns);
  void FilesHeld(const std::vector<SeenFile>& files, uint64_t at_ns);
  // Afterwards only the totals and counts may be asked for.
  void End(uint64_t noticed_ns, ProcessEnd how);

  ProgramImage& image() { return *image_; }
  uint64_t test() const { return test_; }  // as in Birth
  const TraceProcess& totals() const { return totals_; }
  // Closes that named a lifetime whose opening never came, and events that make no sense: part of events_lost.
  uint64_t closes_without_open() const { return parked_.in_vain(); }
  uint64_t damaged() const { return damaged_; }
  // Its children, or it itself, under a seccomp filter.
  const Confined& confined() const { return confined_; }

 private:
  // False when the event makes no sense.
  bool Count(const Event& event, uint64_t at_ns, uint32_t ring);
  bool Count(const Opened& opened, uint64_t at_ns, const ThreadLabel& thread);
  bool Count(const Closed& closed, uint64_t at_ns, const ThreadLabel& thread);
  bool Count(const ClosedRange& range, uint64_t at_ns, const ThreadLabel& thread);
  bool CountNotOpen(const Failed& failed, uint64_t at_ns, uint32_t ring);
  bool Count(const Kept& kept, uint32_t ring);
  bool Count(const Sent& sent, uint64_t at_ns);
  bool Count(const Unlinked& unlinked, uint64_t at_ns);
  bool Count(const Renamed& renamed, uint64_t at_ns);
  bool Count(const Linked& linked, uint64_t at_ns);
  bool Count(const Moved& moved, uint64_t at_ns);
  bool Count(const Written& written, uint64_t at_ns);
  void CountLack(const Failed& failed, uint64_t at_ns);

  const Lifetime* FindAnywhere(uint64_t id) const;
  Opener OpenerOf(const Kept& kept);
  FileHold HoldOf(const Opened& opened, uint64_t at_ns, uint32_t place);
  void EndMappings(uint64_t at_ns);
  std::shared_ptr<const Receipt> ReceiptOf(const Opened& opened, uint64_t at_ns, uint32_t place) const;
  void ReceiveWhatIsHeld(uint64_t at_ns);
  void CountReceived();
  void CountUntraced();

  bool IsOwn(uint64_t id) const;
  void LearnResource(uint32_t place, uint64_t source) const;
  void DescribeProgram(const Image& image);
  void SettleImage();
  void SettleNumbers();

  RecordedSoFar& recording_;
  bool from_outside_;
  TraceProcess totals_;
  std::unique_ptr<ProgramImage> image_;
  HeldDescriptors held_;
  absl::flat_hash_map<FileId, FileHold> mappings_;  // of files without a name
  ParkedCloses parked_;
  ClosedNumbers numbers_;   // that the running image used
  KeptDescriptors kept_;    // by the running image
  Openers kept_by_parent_;  // for the program of a spawned child
  std::string directory_;   // its working directory, where that is known
  uint64_t test_ = 0;       // as in Birth
  uint64_t test_of_program_ = 0;
  Openers received_;  // by the running program; not counted as long as more may be known
  uint64_t received_ns_ = 0;
  bool untraced_ = false;            // the running program is not followed
  bool left_by_exit_call_ = false;   // libc wrote nothing more
  std::optional<uint64_t> left_ns_;  // its child went on as a daemon then
  Confined confined_;
  SystemLimits limits_;
  absl::flat_hash_set<uint32_t> opened_at_;  // places of images gone by
  uint64_t lost_before_ = 0;                 // by images gone by
  uint64_t damaged_ = 0;
};

}  // namespace fdtrace
