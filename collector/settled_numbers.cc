#include "collector/settled_numbers.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fdtrace {

bool SettledNumbers::Settle(std::vector<int>& listed, const std::vector<int>& known, bool may_change) {
  std::vector<int> differ;
  std::set_symmetric_difference(listed.begin(), listed.end(), known.begin(), known.end(), std::back_inserter(differ));
  if (looks_++ == 0) {
    differed_ = differ;
  } else {
    std::vector<int> still;
    std::set_intersection(differed_.begin(), differed_.end(), differ.begin(), differ.end(), std::back_inserter(still));
    differed_ = std::move(still);
  }
  if (may_change && !differed_.empty() && looks_ < kLooks) return false;

  std::vector<int> passing, settled;
  std::set_difference(differ.begin(), differ.end(), differed_.begin(), differed_.end(), std::back_inserter(passing));
  // Each of PASSING is in one of the two: taking it in or out makes LISTED say what the model says.
  std::set_symmetric_difference(listed.begin(), listed.end(), passing.begin(), passing.end(),
                                std::back_inserter(settled));
  listed = std::move(settled);
  looks_ = 0;
  return true;
}

}  // namespace fdtrace
