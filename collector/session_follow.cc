#include "collector/session_follow.h"

#include <fnmatch.h>

#include <algorithm>

namespace fdtrace {
namespace {

constexpr size_t kRemembered = 256;

}  // namespace

Follow Follow::Of(const std::string& asked) {
  if (asked == "all") return {.whom = Whom::kAll};
  if (asked == "none") return {.whom = Whom::kRoot};
  return {.whom = Whom::kMatching, .pattern = asked};
}

bool Follow::Includes(bool is_root, bool forked, const std::string& executable) const {
  switch (whom) {
    case Whom::kAll:
      return true;
    case Whom::kRoot:
      return is_root;
    case Whom::kMatching:
      break;
  }
  if (forked) return true;  // says hello as such only if its parent was followed
  const std::string name = executable.substr(executable.rfind('/') + 1);
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0 || fnmatch(pattern.c_str(), executable.c_str(), 0) == 0;
}

void NotFollowed::Add(pid_t pid) {
  if (std::find(latest_.begin(), latest_.end(), pid) != latest_.end()) return;
  ++count_;
  if (latest_.size() < kRemembered) return latest_.push_back(pid);
  latest_[oldest_] = pid;
  oldest_ = (oldest_ + 1) % kRemembered;
}

}  // namespace fdtrace
