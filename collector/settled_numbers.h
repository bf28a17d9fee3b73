// Tells descriptors that the model does not know of from calls that were caught in the middle, when a process's listing
// and the model differ.
#pragma once

#include <vector>

namespace fdtrace {

class SettledNumbers {
 public:
  static constexpr int kLooks = 4;

  // One look: the numbers LISTED in /proc and those KNOWN to the model, both sorted. MAY_CHANGE: other threads run.
  // True: settled, and LISTED is what to compare the model with: a number that did not differ in every look was part of
  // a call in progress, and stands as the model has it. False: look again, a little later.
  bool Settle(std::vector<int>& listed, const std::vector<int>& known, bool may_change);

 private:
  int looks_ = 0;
  std::vector<int> differed_;  // in every look so far
};

}  // namespace fdtrace
