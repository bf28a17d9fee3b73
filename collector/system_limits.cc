#include "collector/system_limits.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

// Not readable: 0.
uint64_t ReadNumber(const char* path) {
  uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

std::string UserNamespaceOf(const std::string& process) {
  char name[64];
  const ssize_t length = readlink(absl::StrCat("/proc/", process, "/ns/user").c_str(), name, sizeof name);
  return std::string(name, length > 0 ? static_cast<size_t>(length) : 0);
}

}  // namespace

SystemLimits LimitsOf(pid_t pid) {
  SystemLimits limits = {.files = ReadNumber("/proc/sys/fs/file-max")};
  if (UserNamespaceOf(absl::StrCat(pid)) != UserNamespaceOf("self")) return limits;
  limits.inotify_watches =
      std::min(ReadNumber("/proc/sys/fs/inotify/max_user_watches"), ReadNumber("/proc/sys/user/max_inotify_watches"));
  limits.inotify_instances = std::min(ReadNumber("/proc/sys/fs/inotify/max_user_instances"),
                                      ReadNumber("/proc/sys/user/max_inotify_instances"));
  return limits;
}

}  // namespace fdtrace
