// How call_results.cc calls a function with every combination of the arguments in some lists.
#pragma once

#include <sys/syscall.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <type_traits>
#include <vector>

#include "interposer/undeclared.h"

namespace fdtrace {

template <typename T>
using List = std::vector<T>;

// Open from here on: what calls make is above, and closed after each.
enum Standing : int { kNull = 3, kDirectory, kFile, kOnlyRead, kPipe, kSocket, kListener, kEpoll, kFirstFree };
constexpr int kClosed = 990;

inline char* Bad() {
  static volatile long address = 8;  // in a page that nobody has
  return reinterpret_cast<char*>(address);
}
inline char g_bytes[64];
inline iovec g_part = {g_bytes, 8};
inline iovec g_bad_part = {nullptr, 8};

inline const List<int>& Fds() {
  static const List<int> fds = {-1, kClosed, kNull, kDirectory, kFile, kOnlyRead, kPipe, kSocket, kListener, kEpoll};
  return fds;
}
inline const List<int>& Directories() {
  static const List<int> directories = {AT_FDCWD, kDirectory, kNull, kClosed, -1};
  return directories;
}
inline const List<const char*>& Paths() {
  static const std::string too_long(5000, 'x'), long_name(300, 'x');
  static const List<const char*> paths = {"plain", "made",  "none/at/all",    "plain/below",    ".", "loop", "/", "",
                                          Bad(),   nullptr, too_long.c_str(), long_name.c_str()};
  return paths;
}
// For functions that read their path themselves, which they do without asking the kernel.
inline const List<const char*>& ReadablePaths() {
  static const List<const char*> paths = {"plain", "made", "none/at/all", "plain/below", ".", "loop", ""};
  return paths;
}
inline const List<char*> Memory() { return {g_bytes, Bad()}; }

inline void RawClose() {
  syscall(SYS_close_range, kFirstFree, ~0u, 0);
  syscall(SYS_unlink, "made");
  syscall(SYS_rmdir, "made");
  syscall(SYS_lseek, kFile, 0, SEEK_SET);
}

template <typename Result>
void Tell(const char* name, const std::string& which, Result result, int error) {
  char line[200];
  int length = 0;
  if constexpr (std::is_pointer_v<Result>) {
    length =
        snprintf(line, sizeof line, "%s%s: %s %d\n", name, which.c_str(), result == nullptr ? "null" : "object", error);
  } else {
    length = snprintf(line, sizeof line, "%s%s: %ld %d\n", name, which.c_str(), static_cast<long>(result), error);
  }
  if (syscall(SYS_write, 1, line, length) != length) _exit(9);
}

template <typename Call>
void Each(const char* name, const std::string& which, Call call) {
  errno = 77;
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    Tell(name, which, 0, errno);
  } else {
    const auto result = call();
    Tell(name, which, result, errno);
  }
  RawClose();
}
// The product of the lists; `which` tells the positions.
template <typename Call, typename T, typename... Lists>
void Each(const char* name, const std::string& which, Call call, const List<T>& first, const Lists&... rest) {
  for (size_t i = 0; i < first.size(); ++i) {
    Each(
        name, which + " " + std::to_string(i), [&](auto... others) { return call(first[i], others...); }, rest...);
  }
}

#define EACH(name, ...) \
  Each(                 \
      #name, "", [](auto... words) { return name(words...); }, __VA_ARGS__)
#define EACH_NUMBER(name, ...) \
  Each(                        \
      "syscall(" #name ")", "", [](auto... words) { return syscall(SYS_##name, words...); }, __VA_ARGS__)
#define ONE(name, ...) Each(name, "", [&] { return __VA_ARGS__; })

}  // namespace fdtrace
