// One process: what it holds open, by lifetime id and by number, over all its program images. Pure.
//  - A descriptor counts once, for the process that opened it: the copies a forked child has are held, never counted.
//  - Every lifetime ends once: by an event, by exec, unseen, or as still open with its process.
//  - A damaged event changes nothing but a count.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "collector/lifetime.h"
#include "collector/program_image.h"

namespace fdtrace {

class TracedProcess {
 public:
  // `from_outside`: its parent is not part of the recording.
  TracedProcess(const Image& image, std::shared_ptr<Definitions> ancestor, bool from_outside, Recording& recording);

  void Exec(const Image& image);
  void Consume(uint32_t ring, const Event& event);
  void SetLost(uint64_t events_lost, uint64_t stackless);
  std::vector<int> OpenNumbers() const;
  void Compare(const std::vector<SeenDescriptor>& seen, uint64_t at_ns);
  // Afterwards only totals() may be called.
  void End(uint64_t at_ns, ProcessEnd how);

  ProgramImage& image() { return *image_; }
  const TraceProcess& totals() const { return totals_; }
  // Closes that named a lifetime whose opening never came, and events that make no sense: part of events_lost.
  uint64_t closes_without_open() const { return closes_without_open_; }
  uint64_t damaged() const { return damaged_; }
  // The resource of an open lifetime, as far as it is known.
  Resource ResourceOf(uint64_t id) const;

 private:
  // A descriptor known by its number alone.
  struct Elder {
    Origin origin = Origin::kInherited;
    uint64_t id = 0;        // kSurvivor: the lifetime
    uint64_t since_ns = 0;  // when it was found
    std::unique_ptr<SeenDescriptor> seen;
  };
  // A close that was read before its Opened.
  struct ParkedClose {
    uint64_t at_ns = 0;
    uint32_t closer = 0;
    bool unseen = false;  // its number was found taken by another
  };
  // An end that counted as unseen; its event may still be under way.
  struct UnseenEnd {
    uint32_t place = 0;
    uint64_t opened_ns = 0;
    uint64_t noticed_ns = 0;
    bool settled = false;  // /proc was read again since: whatever comes is another close
  };
  // An unseen end by number that was a dup2, if the function turns out to be one.
  struct Undecided {
    uint64_t at_ns = 0;
    uint64_t key = 0;  // of the unseen end
    uint32_t function = 0;
    uint64_t stack = 0;
  };
  enum class MayBeTold { kNo, kYes };

  // Events; false when one makes no sense.
  bool Count(const Opened& opened, uint64_t at_ns, Ring& ring);
  bool Count(const Closed& closed, uint64_t at_ns, Ring& ring);
  bool IsFirst(const Opened& opened);
  bool IsOwn(uint64_t id) const;
  void TakeNumber(const Opened& opened, bool overwrote_known, uint64_t at_ns);
  void CloseElder(const Closed& closed, bool first, uint64_t at_ns);
  void Park(uint64_t id, const ParkedClose& close);
  template <typename Condition>
  void ForgetParked(Condition condition);
  void CloseIfParked(uint64_t id);
  bool Told(uint64_t key, const Closed& closed, uint64_t at_ns);
  void MayHaveOverwritten(const Opened& opened, uint64_t at_ns);
  void Decide(uint32_t function);
  uint32_t CloserOf(const Closed& closed);
  void LearnResource(Site& site, uint64_t source) const;

  // Lifetimes and elders, one at a time.
  Lifetime Remove(uint64_t id);
  void EndSeen(uint64_t id, uint64_t at_ns, uint32_t closer);
  void EndUnseen(uint64_t id, uint64_t at_ns, MayBeTold may_be_told);
  void DropElder(int fd);
  void DropElderUnseen(int fd, uint64_t noticed_ns);
  void Confirm(Elder& elder);
  void HeldChanged();
  size_t held() const { return open_.size() + elders_.size() - survivors_; }

  // Against /proc.
  absl::flat_hash_map<int, uint64_t> LifetimesByNumber(uint64_t before_ns, uint64_t noticed_ns);
  bool IsAnother(const Lifetime& lifetime, const SeenDescriptor& seen);
  void Describe(Lifetime& lifetime, const SeenDescriptor& seen);
  void CompareElders(const absl::flat_hash_map<int, const SeenDescriptor*>& seen, uint64_t at_ns);
  void KeepOverExec(const Image& image);

  void DescribeProgram(const Image& image);
  void SettleImage();
  void LeaveOpen(uint64_t at_ns);

  static constexpr size_t kFewParked = 65536;

  Recording& recording_;
  bool from_outside_;
  TraceProcess totals_;
  std::unique_ptr<ProgramImage> image_;
  absl::flat_hash_map<uint64_t, Lifetime> open_;
  absl::flat_hash_map<int, Elder> elders_;
  absl::flat_hash_map<uint64_t, ParkedClose> parked_;
  size_t park_limit_ = kFewParked;
  absl::flat_hash_map<uint64_t, UnseenEnd> unseen_ends_;  // by id, or KeyOf(number)
  std::vector<Undecided> undecided_;
  absl::flat_hash_set<uint32_t> opened_at_;  // places of images gone by
  size_t survivors_ = 0;                     // elders that are also in open_
  uint64_t lost_before_ = 0;                 // of images gone by
  uint64_t stackless_before_ = 0;
  uint64_t closes_without_open_ = 0;
  uint64_t damaged_ = 0;
};

// Their Opened was lost, or it came and went before: then its number is all that was found.
template <typename Condition>
void TracedProcess::ForgetParked(Condition condition) {
  absl::erase_if(parked_, [&](const auto& entry) {
    const ParkedClose& parked = entry.second;
    if (!condition(parked)) return false;
    closes_without_open_ += !parked.unseen;
    return true;
  });
}

}  // namespace fdtrace
