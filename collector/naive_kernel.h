// A naive kernel under the model: random programs open, close, duplicate, fork, exec and die. What each descriptor came
// to is written down as it happens, while the model reads the events from rings: in order, or in any order across
// rings.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collector/model_testing.h"

namespace fdtrace::naive {

struct Code {  // where a call was made
  uint64_t address = 0;
  std::string function;
  auto operator<=>(const Code&) const = default;
  friend void PrintTo(const Code& code, std::ostream* out) { *out << code.function << "@" << code.address; }
};

// What became of one descriptor.
struct Fate {
  uint32_t pid = 0;
  int fd = -1;
  Code opener;
  bool ended = false;
  bool unseen = false;
  Code closer;
};

// What a site is to count; filled in by ExpectedSites, but for `now` and `history`.
struct SiteCount {
  uint64_t opened = 0, closed = 0, closed_unseen = 0;
  std::map<Code, uint64_t> closers;
  std::set<std::pair<uint32_t, int>> still_open;  // process, fd
  int64_t now = 0;
  std::vector<uint32_t> history;  // open after each operation
};

// What programs of one name received of what was opened at one place.
struct InheritedCount {
  uint64_t count = 0;
  std::set<int> fds;
  uint32_t process = 0;  // serial; these two: of the first
  uint32_t opener_pid = 0;
};

struct Slot;
struct Process;

class NaiveKernel {
 public:
  // `in_order`: the model reads events as they happen. `passes_by`: some calls pass the interposer by.
  NaiveKernel(uint32_t seed, bool in_order, bool passes_by);

  ~NaiveKernel();

  // That many steps, then the end of every process.
  void Run(int steps);

  Model& model() { return *model_; }
  uint64_t now() const { return now_; }
  const std::vector<std::unique_ptr<Fate>>& fates() const { return fates_; }
  std::map<Code, SiteCount> ExpectedSites() const;
  // When read in order.
  uint64_t opened_unseen() const { return opened_unseen_; }
  uint64_t closed_unseen() const { return closed_unseen_; }
  // By the code that opened and the program that received; code without a function is fdtrace's caller.
  const std::map<std::pair<Code, std::string>, InheritedCount>& inherited() const { return inherited_; }
  uint64_t untraced_programs() const { return untraced_programs_; }
  // By the process's serial in the trace.
  const std::map<uint32_t, uint32_t>& pids() const { return pids_; }

 private:
  uint32_t Below(uint32_t bound) { return random_() % bound; }
  Process& Any();
  Process& Start(uint32_t forked_from);
  void Greet(Process& process);
  std::vector<int> InKernel(const Process& process);
  int Free(const Process& process);
  int Used(const Process& process);
  uint64_t TellStack(Process& process, uint32_t ring, uint64_t address, uint32_t function);
  Code AnyCode(uint32_t function);
  Fate* NewFate(Process& process, int fd, const Code& code);
  void EndFate(Fate* fate, const Code& closer, bool unseen = false);
  void Operation(const Code& code, int change);
  void Confirm(Slot& slot);
  bool Miss(Slot& slot);
  // An event that closes by number alone: what it closed is told by what was read before it. What comes after it may
  // still be read first.
  void BeforeCloseByNumber(Process& process) { Drain(process); }
  void Open(Process& process, int fd, uint32_t function, bool over, uint64_t source = 0);
  void Close(Process& process, int fd);
  void CloseRange(Process& process);
  void Fork(Process& parent);
  uint64_t NextId(Process& process);
  uint32_t AnyRing(const Process& process);
  Process& StartCopy(Process& parent);
  void TellKept(Process& process, const std::set<int>& kept, bool spawns, uint32_t ring);
  std::set<int> ChooseKept(const Process& process, bool with_all_without_id);
  void Replace(Process& process, const std::set<int>& kept);
  void Receive(const Process& process);
  bool Exec(Process& process);
  void RunUntraced(Process& process, bool looked_at);
  void Spawn(Process& parent);
  void Vfork(Process& parent);
  void StartSilently(Process& child, const Process& parent);
  void Settle(Process& process);
  void Compare(Process& process);
  void End(Process& process);
  void Step(Process& process);
  void Touch(Process& process);
  void PassByClose(Process& process, Slot& slot);
  void OpenUnseen(Process& process);
  void Deliver();
  void Drain(Process& process);
  void DrainAll();

  std::mt19937 random_;
  bool in_order_;
  bool passes_by_;
  std::unique_ptr<Model> model_;
  uint64_t now_ = 0;
  uint32_t last_pid_ = 0;
  uint32_t last_serial_ = 0;
  uint64_t salts_ = 0;
  std::map<uint32_t, std::unique_ptr<Process>> processes_;
  std::map<uint32_t, uint32_t> pids_;  // by the process's serial in the trace
  std::vector<std::unique_ptr<Fate>> fates_;
  std::map<Code, SiteCount> naive_;
  std::map<std::pair<Code, std::string>, InheritedCount> inherited_;
  uint64_t untraced_programs_ = 0;
  uint64_t opened_unseen_ = 0;
  uint64_t closed_unseen_ = 0;
};

}  // namespace fdtrace::naive
