#include "collector/tracked_file.h"

#include <algorithm>
#include <tuple>

namespace fdtrace {

void FileName::Learn(Source source, uint64_t at_ns, const std::string& path) {
  if (path.empty() || (!path_.empty() && std::tie(source, at_ns) < std::tie(source_, at_ns_))) return;
  source_ = source;
  at_ns_ = at_ns;
  path_ = path;
}

void FileName::LearnArgument(uint64_t at_ns, const std::string& path) {
  Learn(path.starts_with('/') ? kAbsoluteArgument : kArgument, at_ns, path);
}

std::string PathBelow(const std::string& directory, const std::string& path) {
  if (directory.empty() || path.empty() || path.starts_with('/')) return path;
  size_t begin = 0;
  while (path.compare(begin, 2, "./") == 0) begin = std::min(path.find_first_not_of('/', begin + 1), path.size());
  return directory + (directory.ends_with('/') ? "" : "/") + path.substr(begin);
}

bool TrackedFile::IsPinned() const {
  if (links != 0 || left.empty() || IsCallers()) return false;
  const LeftHolder& last =
      *std::max_element(left.begin(), left.end(), [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
  return last.at_ns >= removal.at_ns && last.at_ns >= last_closed_ns;
}

}  // namespace fdtrace
