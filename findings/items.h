// What findings count, one by one where the report lists them. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proto/report.pb.h"

namespace fdtrace {

struct Item {
  std::string path;               // empty: not known
  std::optional<int64_t> age_ns;  // since it was opened, or lost its name, until its process or the recording ended
  uint32_t count = 1;
};

class Items {
 public:
  // Lives no longer than the report.
  explicit Items(const Report& report);

  // Their counts sum up to FINDING.count.
  std::vector<Item> Of(const Finding& finding) const;

 private:
  std::vector<Item> Listed(const Finding& finding) const;
  int64_t EndOf(const Descriptor& descriptor) const;

  const Report& report_;
  absl::flat_hash_map<uint32_t, std::vector<const Process*>> processes_;  // by pid
  std::map<std::string, std::vector<const PinnedFile*>> pinned_;          // by call and stack
};

}  // namespace fdtrace
