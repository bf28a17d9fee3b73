#include "collector/tests_run.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace fdtrace {

void TestsRun::Began(uint64_t key, absl::string_view name, uint64_t at_ns) {
  if (name.empty()) return;
  Run& run = runs_[key];
  run.name = std::string(name);
  run.began_ns = std::min(run.began_ns, at_ns);
}

void TestsRun::Opened(uint64_t key) {
  if (key != 0) ++runs_[key].opened;
}

absl::Status TestsRun::Write(TraceWriter& writer, absl::flat_hash_map<uint64_t, uint32_t>& index_of_key) const {
  std::vector<std::pair<uint64_t, const Run*>> named;
  for (const auto& [key, run] : runs_) {
    if (!run.name.empty()) named.emplace_back(key, &run);
  }
  // In the order they began.
  std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second->began_ns, a.first) < std::tie(b.second->began_ns, b.first);
  });
  for (const auto& [key, run] : named) {
    TraceRecord record;
    TraceTest& test = *record.mutable_test();
    test.set_index(static_cast<uint32_t>(index_of_key.size()) + 1);
    test.set_name(run->name);
    test.set_opened(run->opened);
    test.set_began_ns(run->began_ns);
    index_of_key[key] = test.index();
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
