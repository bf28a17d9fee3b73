#include "viewer/process_tree.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "viewer/frames.h"
#include "viewer/process_parents.h"

namespace fdtrace {
namespace {

constexpr size_t kAlikeShown = 8;  // rows of processes of interest that look the same

class Tree {
 public:
  explicit Tree(const Report& report) : report_(report), size_(report.processes_size()) {
    SortByStart();
    FindParents();
    FindChildren();
    FindInterest();
  }

  std::vector<ProcessRow> Rows() const;

 private:
  using Members = std::vector<int>;
  // A row yet to be shown; its members are siblings in it.
  struct Pending {
    Members members;
    int depth;
    bool last;
  };

  const Process& At(int index) const { return report_.processes(index); }
  void SortByStart();
  void FindParents();
  void FindChildren();
  void FindInterest();
  std::vector<Members> GroupAlike(const Members& siblings) const;
  ProcessRow RowOf(const Pending& pending) const;

  const Report& report_;
  const int size_;
  std::vector<int> by_start_;
  std::vector<int> parents_;       // kNoParent: of no process here
  std::vector<Members> children_;  // by start
  Members roots_;
  std::vector<bool> leaked_, of_interest_;
};

void Tree::SortByStart() {
  by_start_.resize(size_);
  std::iota(by_start_.begin(), by_start_.end(), 0);
  if (size_ == 0) return;
  std::stable_sort(by_start_.begin() + 1, by_start_.end(),
                   [this](int a, int b) { return At(a).started_ns() < At(b).started_ns(); });
}

void Tree::FindParents() {
  std::vector<PidAndParent> processes;
  for (const int index : by_start_) processes.push_back({.pid = At(index).pid(), .parent_pid = At(index).parent_pid()});
  const std::vector<int> ranks = ParentsOf(processes);
  parents_.assign(size_, kNoParent);
  for (int rank = 0; rank < size_; ++rank) {
    if (ranks[rank] != kNoParent) parents_[by_start_[rank]] = by_start_[ranks[rank]];
  }
}

void Tree::FindChildren() {
  children_.resize(size_);
  for (const int child : by_start_)
    (parents_[child] == kNoParent ? roots_ : children_[parents_[child]]).push_back(child);
}

void Tree::FindInterest() {
  absl::flat_hash_set<uint32_t> leaking_pids;
  for (const LeakSite& leak : report_.leaks()) {
    for (const Descriptor& descriptor : leak.descriptors()) leaking_pids.insert(descriptor.pid());
  }
  for (int i = 0; i < size_; ++i) {
    const Process& process = At(i);
    leaked_.push_back(leaking_pids.contains(process.pid()));
    const bool ended_well = process.end() == Process::EXITED || process.end() == Process::END_UNKNOWN;
    of_interest_.push_back(leaked_[i] || !ended_well || !process.untraced_reason().empty());
  }
  Members parents_first = roots_;
  for (size_t i = 0; i < parents_first.size(); ++i) {
    const Members& children = children_[parents_first[i]];
    parents_first.insert(parents_first.end(), children.begin(), children.end());
  }
  for (size_t i = parents_first.size(); i-- > 0;) {
    const int process = parents_first[i];
    if (of_interest_[process] && parents_[process] != kNoParent) of_interest_[parents_[process]] = true;
  }
}

std::vector<Tree::Members> Tree::GroupAlike(const Members& siblings) const {
  using Looks = std::tuple<std::string, int, absl::string_view, bool, bool>;
  absl::flat_hash_map<Looks, size_t> places;
  std::vector<Members> alike;
  for (const int sibling : siblings) {
    const Process& process = At(sibling);
    const auto [place, is_new] = places.try_emplace(
        Looks{ProgramName(process), process.end(), process.untraced_reason(), leaked_[sibling], of_interest_[sibling]},
        alike.size());
    if (is_new) alike.emplace_back();
    alike[place->second].push_back(sibling);
  }
  std::vector<Members> groups;
  for (Members& members : alike) {
    if (of_interest_[members[0]] && members.size() <= kAlikeShown) {
      for (const int member : members) groups.push_back({member});
    } else {
      groups.push_back(std::move(members));
    }
  }
  return groups;
}

ProcessRow Tree::RowOf(const Pending& pending) const {
  ProcessRow row = {.process = &At(pending.members[0]),
                    .count = static_cast<uint32_t>(pending.members.size()),
                    .depth = pending.depth,
                    .last = pending.last};
  for (const int member : pending.members) {
    row.opened += At(member).opened();
    row.open_at_exit += At(member).open_at_exit();
  }
  return row;
}

std::vector<ProcessRow> Tree::Rows() const {
  std::vector<ProcessRow> rows;
  std::vector<Pending> pending;  // the next at its end
  const auto add = [&](const Members& siblings, int depth) {
    std::vector<Members> groups = GroupAlike(siblings);
    for (size_t i = groups.size(); i-- > 0;) pending.push_back({std::move(groups[i]), depth, i + 1 == groups.size()});
  };
  add(roots_, 0);
  while (!pending.empty()) {
    const Pending next = std::move(pending.back());
    pending.pop_back();
    rows.push_back(RowOf(next));
    Members children;
    for (const int member : next.members) {
      children.insert(children.end(), children_[member].begin(), children_[member].end());
    }
    add(children, next.depth + 1);
  }
  return rows;
}

}  // namespace

std::vector<ProcessRow> ProcessTree(const Report& report) { return Tree(report).Rows(); }

std::string ProgramName(const Process& process) {
  if (!process.executable().empty()) return std::string(Basename(process.executable()));
  if (process.command_line_size() > 0) return std::string(Basename(process.command_line(0)));
  return "an unknown program";
}

}  // namespace fdtrace
