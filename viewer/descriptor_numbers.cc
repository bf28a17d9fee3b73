#include "viewer/descriptor_numbers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr int64_t kShortestRange = 3;

using Range = std::pair<int64_t, int64_t>;  // both included

// Of numbers that are sorted.
std::vector<Range> RangesOf(const std::vector<int64_t>& numbers) {
  std::vector<Range> runs;
  for (const int64_t number : numbers) {
    if (!runs.empty() && runs.back().second + 1 == number) {
      runs.back().second = number;
    } else {
      runs.emplace_back(number, number);
    }
  }
  std::vector<Range> ranges;
  for (const auto& [first, last] : runs) {
    if (last - first + 1 >= kShortestRange) {
      ranges.emplace_back(first, last);
    } else {
      for (int64_t number = first; number <= last; ++number) ranges.emplace_back(number, number);
    }
  }
  return ranges;
}

}  // namespace

std::string DescriptorNumbers(std::vector<int64_t> numbers, size_t most) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::vector<std::string> shown;
  uint64_t hidden = 0;
  for (const auto& [first, last] : RangesOf(numbers)) {
    if (shown.size() == most) {
      hidden += static_cast<uint64_t>(last - first + 1);
    } else {
      shown.push_back(first == last ? absl::StrCat(first) : absl::StrCat(first, "-", last));
    }
  }
  std::string text = absl::StrCat(numbers.size() == 1 ? "fd " : "fds ", absl::StrJoin(shown, ", "));
  if (hidden > 0) absl::StrAppend(&text, ", … (", WithThousands(hidden), " more)");
  return text;
}

}  // namespace fdtrace
