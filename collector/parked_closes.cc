#include "collector/parked_closes.h"

#include <algorithm>

namespace fdtrace {
namespace {

// A close that waited this long for its Opened waits in vain.
constexpr uint64_t kTooLongNs = 60'000'000'000;

}  // namespace

void ParkedCloses::Park(uint64_t id, const ParkedClose& close) {
  if (by_id_.size() >= limit_) {
    ForgetBefore(std::max(close.at_ns, kTooLongNs) - kTooLongNs);
    limit_ = std::max(kFew, 2 * by_id_.size());
  }
  by_id_.try_emplace(id, close);
}

std::optional<ParkedClose> ParkedCloses::Take(uint64_t id) {
  if (by_id_.empty()) return std::nullopt;  // mostly
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return std::nullopt;
  const ParkedClose close = it->second;
  by_id_.erase(it);
  return close;
}

void ParkedCloses::ForgetBefore(uint64_t at_ns) {
  absl::erase_if(by_id_, [&](const auto& entry) {
    const ParkedClose& close = entry.second;
    if (close.at_ns >= at_ns) return false;
    in_vain_ += !close.unseen;
    return true;
  });
}

}  // namespace fdtrace
