#include "collector/another_object.h"

namespace fdtrace {
namespace {

// Objects that the kernel makes by a call of their own and that no path leads to: what such a call made is never
// anything else.
bool OnlyItsCallMakes(Resource resource) {
  switch (resource) {
    case SOCKET:
    case EPOLL:
    case EVENTFD:
    case TIMERFD:
    case SIGNALFD:
    case INOTIFY:
    case FANOTIFY:
    case IO_URING:
    case USERFAULTFD:
      return true;
    default:
      return false;
  }
}

bool IsAtPath(Resource resource) { return resource == FILE || resource == DIRECTORY; }

}  // namespace

bool IsAnotherObject(Resource made, bool has_path, Resource seen) {
  if (OnlyItsCallMakes(made)) return seen != made && (OnlyItsCallMakes(seen) || IsAtPath(seen));
  return IsAtPath(made) && has_path && OnlyItsCallMakes(seen);
}

}  // namespace fdtrace
