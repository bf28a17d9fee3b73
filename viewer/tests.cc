#include "viewer/tests.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "viewer/count.h"
#include "viewer/frames.h"
#include "viewer/printable.h"
#include "viewer/process_parents.h"
#include "viewer/table.h"

namespace fdtrace {
namespace {

constexpr size_t kMaxCommandWidth = 80;

bool IsMesonTest(const TraceProcess& process) {
  const auto is_meson = [](const std::string& word) {
    const absl::string_view name = Basename(word);
    return name == "meson" || name == "meson.py" || name == "mesonbuild.mesonmain";
  };
  const auto& words = process.command_line();
  const auto meson = std::find_if(words.begin(), words.end(), is_meson);
  return meson != words.end() && std::find(meson + 1, words.end(), "test") != words.end();
}

bool IsRunner(const TraceProcess& process) {
  const absl::string_view program = Basename(process.executable());
  if (program == "ctest") return true;
  return (program.substr(0, 6) == "python" || program == "meson") && IsMesonTest(process);
}

// What `meson test` starts before the tests, to build them and to learn about the machine: a program or a script.
bool IsPreparation(const TraceProcess& process) {
  const auto& words = process.command_line();
  return std::any_of(words.begin(), words.begin() + std::min(words.size(), 2), [](const std::string& word) {
    const absl::string_view name = Basename(word);
    return name == "ninja" || name == "ninja-build" || name == "samu" || name == "dpkg-architecture";
  });
}

std::string NameOfCommand(const TraceProcess& process) {
  std::vector<std::string> words(process.command_line().begin(), process.command_line().end());
  if (words.empty()) words.push_back(process.executable());
  words[0] = std::string(Basename(words[0]));
  return CutTo(Printable(absl::StrJoin(words, " ")), kMaxCommandWidth);
}

std::vector<const TraceProcess*> ByStart(const std::vector<TraceProcess>& processes) {
  std::vector<const TraceProcess*> sorted;
  sorted.reserve(processes.size());
  for (const TraceProcess& process : processes) sorted.push_back(&process);
  std::stable_sort(sorted.begin(), sorted.end(), [](const TraceProcess* a, const TraceProcess* b) {
    return std::pair(a->started_ns(), a->serial()) < std::pair(b->started_ns(), b->serial());
  });
  return sorted;
}

// For each of PROCESSES the one that is a test, which it is or was started by; none: kNoParent.
std::vector<int> TestProcessOf(const std::vector<const TraceProcess*>& processes) {
  std::vector<PidAndParent> pids;
  pids.reserve(processes.size());
  for (const TraceProcess* process : processes) {
    pids.push_back({.pid = process->pid(), .parent_pid = process->parent_pid()});
  }
  const std::vector<int> parents = ParentsOf(pids);
  std::vector<std::optional<int>> tests(processes.size());
  std::vector<int> path;
  for (int i = 0; i < static_cast<int>(processes.size()); ++i) {
    path.clear();
    for (int at = i; at != kNoParent && !tests[at]; at = parents[at]) path.push_back(at);
    // From the eldest on.
    for (; !path.empty(); path.pop_back()) {
      const int at = path.back();
      const int parent = parents[at];
      tests[at] = parent == kNoParent ? kNoParent : *tests[parent];
      const bool may_be_test = parent != kNoParent && *tests[at] == kNoParent && IsRunner(*processes[parent]);
      if (may_be_test && !IsRunner(*processes[at]) && !IsPreparation(*processes[at])) tests[at] = at;
    }
  }
  std::vector<int> all;
  all.reserve(tests.size());
  for (const std::optional<int>& test : tests) all.push_back(*test);
  return all;
}

}  // namespace

Tests::Tests(const Trace& trace) {
  if (trace.tests.empty()) {
    AddProcesses(trace.processes);
  } else {
    AddMarked(trace.tests);
  }
}

size_t Tests::Add(const std::string& name, uint64_t opened) {
  const auto [it, is_new] = by_name_.try_emplace(name, runs_.size());
  if (is_new) runs_.push_back({.name = name});
  runs_[it->second].opened += opened;
  return it->second;
}

void Tests::AddMarked(const std::vector<TraceTest>& marked) {
  for (const TraceTest& test : marked) by_index_[test.index()] = Add(Printable(test.name()), test.opened());
}

void Tests::AddProcesses(const std::vector<TraceProcess>& processes) {
  if (std::none_of(processes.begin(), processes.end(), IsRunner)) return;
  const std::vector<const TraceProcess*> sorted = ByStart(processes);
  const std::vector<int> test_of = TestProcessOf(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (test_of[i] != kNoParent) {
      by_process_[sorted[i]->serial()] = Add(NameOfCommand(*sorted[test_of[i]]), sorted[i]->opened());
    }
  }
}

absl::string_view Tests::NameOf(const TraceDescriptor& descriptor) const {
  if (const auto marked = by_index_.find(descriptor.test()); marked != by_index_.end()) {
    return runs_[marked->second].name;
  }
  const auto process = by_process_.find(descriptor.process());
  return process == by_process_.end() ? absl::string_view() : runs_[process->second].name;
}

google::protobuf::RepeatedPtrField<Test> Tests::Rows(const google::protobuf::RepeatedPtrField<LeakSite>& leaks) const {
  google::protobuf::RepeatedPtrField<Test> rows;
  for (const Run& run : runs_) {
    Test& row = *rows.Add();
    row.set_name(run.name);
    row.set_opened(Count(run.opened));
  }
  for (int i = 0; i < leaks.size(); ++i) {
    for (const Descriptor& descriptor : leaks[i].descriptors()) {
      const auto run = by_name_.find(descriptor.test());
      if (run == by_name_.end()) continue;
      Test& row = rows[static_cast<int>(run->second)];
      row.set_still_open(row.still_open() + 1);
      const bool is_listed = !row.leaks().empty() && *row.leaks().rbegin() == static_cast<uint32_t>(i);
      if (!is_listed) row.add_leaks(static_cast<uint32_t>(i));
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Test& a, const Test& b) { return a.still_open() > b.still_open(); });
  return rows;
}

}  // namespace fdtrace
