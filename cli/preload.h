// fdtrace's library, and the environment that makes the loader put it into a program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fdtrace {

// How every path of the library ends.
inline constexpr absl::string_view kLibraryFile = "/libfdtrace.so";

// A path of libfdtrace.so that LD_PRELOAD can hold, as long as this object lives.
class PreloadLibrary {
 public:
  // Looks beside fdtrace's own executable: where `meson install` puts the library, then where the build does.
  static absl::StatusOr<std::unique_ptr<PreloadLibrary>> Find();

  // The loader splits LD_PRELOAD at spaces and colons and expands "$", so for a LIBRARY with such a path this makes a
  // symbolic link in a new directory and removes both at its end.
  static absl::StatusOr<std::unique_ptr<PreloadLibrary>> At(const std::string& library);

  ~PreloadLibrary();
  PreloadLibrary(const PreloadLibrary&) = delete;
  PreloadLibrary& operator=(const PreloadLibrary&) = delete;

  const std::string& path() const { return path_; }
  // Leaves the link where it is: processes that live on would complain of a library they cannot find in all they start.
  void LeaveBehind() { directory_.clear(); }

 private:
  explicit PreloadLibrary(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string directory_;  // empty: no link was needed
};

// ENVIRONMENT ("NAME=value" each) with LIBRARY first in LD_PRELOAD, instead of any of another recording,
// and the session's variable set to SESSION.
std::vector<std::string> TracedEnvironment(std::vector<std::string> environment, const std::string& library,
                                           const std::string& session);

}  // namespace fdtrace
