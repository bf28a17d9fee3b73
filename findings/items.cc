#include "findings/items.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "findings/finding.h"

namespace fdtrace {
namespace {

std::string KeyOf(const std::string& call, const Frames& stack) {
  std::string key = call;
  for (const Frame& frame : stack) absl::StrAppend(&key, "\n", frame.SerializeAsString());
  return key;
}

}  // namespace

Items::Items(const Report& report) : report_(report) {
  for (const Process& process : report.processes()) processes_[process.pid()].push_back(&process);
  for (const PinnedFile& file : report.pinned_files()) {
    pinned_[KeyOf(file.open_call(), file.opened_at())].push_back(&file);
  }
}

// When the process that had the descriptor ended, or recording did. Pids come again: that one which lived then.
int64_t Items::EndOf(const Descriptor& descriptor) const {
  int64_t end_ns = report_.recording().duration_ns();
  const auto processes = processes_.find(descriptor.pid());
  if (processes == processes_.end()) return end_ns;
  for (const Process* process : processes->second) {
    if (process->ended_ns() < descriptor.opened_ns()) continue;
    if (end_ns == 0 || process->ended_ns() < end_ns) end_ns = process->ended_ns();
  }
  return end_ns;
}

std::vector<Item> Items::Listed(const Finding& finding) const {
  const int row = static_cast<int>(finding.row());
  std::vector<Item> items;
  const auto add = [&](const std::string& path, int64_t from_ns, int64_t end_ns) {
    Item& item = items.emplace_back();
    item.path = path;
    if (end_ns > 0) item.age_ns = end_ns - from_ns;
  };
  if (finding.kind() == kLeak) {
    for (const Descriptor& each : report_.leaks(row).descriptors()) add(each.path(), each.opened_ns(), EndOf(each));
    return items;
  }
  if (finding.kind() == kPinned) {
    const PinnedSite& site = report_.pinned_sites(row);
    const auto files = pinned_.find(KeyOf(site.call(), site.stack()));
    if (files == pinned_.end()) return items;
    for (const PinnedFile* file : files->second) {
      add(file->path(), file->unlinked_ns(), file->unlinked_ns() > 0 ? report_.recording().duration_ns() : 0);
    }
    return items;
  }
  Item& item = items.emplace_back();
  item.count = finding.count();
  if (finding.kind() == kFailure) item.path = report_.failures(row).path();
  if (finding.kind() == kInherited) item.path = report_.inherited(row).executable();
  if (finding.kind() == kLeftover) {
    item.path = absl::StrCat(report_.leftovers(row).directory(), "/", report_.leftovers(row).pattern());
  }
  return items;
}

std::vector<Item> Items::Of(const Finding& finding) const {
  std::vector<Item> items = Listed(finding);
  uint32_t listed = 0;
  for (Item& item : items) {
    item.count = std::min(item.count, finding.count() - listed);
    listed += item.count;
  }
  // What an older or a cut report does not list is there all the same.
  if (listed < finding.count()) items.push_back({.path = {}, .age_ns = {}, .count = finding.count() - listed});
  return items;
}

}  // namespace fdtrace
