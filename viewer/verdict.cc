// The three conditions of the header, each a function.
#include "viewer/verdict.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

#include "absl/types/span.h"

namespace fdtrace {
namespace {

constexpr uint64_t kPatienceIfItClosesNs = 1'000'000'000;
constexpr uint64_t kPatienceIfItNeverClosesNs = 100'000'000;

uint64_t Elapsed(uint64_t from_ns, uint64_t to_ns) { return to_ns > from_ns ? to_ns - from_ns : 0; }

bool FloorRose(absl::Span<const uint32_t> low) {
  constexpr size_t kQuarters = 4;
  if (low.size() < kQuarters) return false;
  std::array<uint32_t, kQuarters> floor;
  for (size_t quarter = 0; quarter < kQuarters; ++quarter) {
    const size_t begin = quarter * low.size() / kQuarters;
    const size_t end = (quarter + 1) * low.size() / kQuarters;
    floor[quarter] = *std::min_element(low.begin() + begin, low.begin() + end);
  }
  return std::adjacent_find(floor.begin(), floor.end(), std::greater_equal<>()) == floor.end();
}

// From the last window to the first: a dip is lower than what comes right before and right after it (windows at the
// same height are one); it holds when it is lower than everything that comes after it.
bool DipsHold(absl::Span<const uint32_t> low) {
  size_t dips = 0;
  size_t undercut = 0;
  uint32_t lowest_after = std::numeric_limits<uint32_t>::max();
  bool rises_after = true;  // beyond the last window nothing goes lower
  for (size_t i = low.size(); i-- > 0;) {
    if (i > 0 && low[i - 1] == low[i]) continue;
    const bool falls_before = i == 0 || low[i - 1] > low[i];
    if (falls_before && rises_after) {
      ++dips;
      if (lowest_after <= low[i]) ++undercut;
    }
    lowest_after = std::min(lowest_after, low[i]);
    rises_after = i > 0 && low[i - 1] < low[i];
  }
  return undercut * 3 <= dips;
}

bool CameToRest(const TraceSite& site) {
  const uint64_t quiet_ns = Elapsed(site.last_active_ns(), site.ended_ns());
  const uint64_t active_ns = Elapsed(site.first_opened_ns(), site.last_active_ns());
  const uint64_t patience_ns = site.closed() > 0 ? kPatienceIfItClosesNs : kPatienceIfItNeverClosesNs;
  return quiet_ns > std::max(active_ns, patience_ns);
}

// Worst first.
constexpr std::array<LeakSite::Verdict, 4> kOrder = {LeakSite::GROWING, LeakSite::HELD, LeakSite::SINGLE,
                                                     LeakSite::VERDICT_UNKNOWN};

}  // namespace

LeakSite::Verdict VerdictOf(const TraceSite& site) {
  if (site.still_open() == 0) return LeakSite::VERDICT_UNKNOWN;
  if (site.still_open() == 1) return LeakSite::SINGLE;
  const absl::Span<const uint32_t> low(site.shape().low());
  return FloorRose(low) && DipsHold(low) && !CameToRest(site) ? LeakSite::GROWING : LeakSite::HELD;
}

LeakSite::Verdict Worse(LeakSite::Verdict a, LeakSite::Verdict b) {
  return *std::find_if(kOrder.begin(), kOrder.end(),
                       [&](LeakSite::Verdict verdict) { return verdict == a || verdict == b; });
}

}  // namespace fdtrace
