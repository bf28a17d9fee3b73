// See ld.so(8) for LD_PRELOAD.
#include "cli/preload.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constexpr absl::string_view kUnfit = " :$";
constexpr absl::string_view kLinkOrder = "verify_asan_link_order=0";

bool FitsPreload(absl::string_view path) { return path.find_first_of(kUnfit) == path.npos; }

// The value of NAME in ENVIRONMENT, made if missing. The loader and getenv(3) take the first of that name.
std::string& Variable(std::vector<std::string>& environment, absl::string_view name) {
  const std::string start = absl::StrCat(name, "=");
  const auto found = std::find_if(environment.begin(), environment.end(),
                                  [&](const std::string& entry) { return absl::StartsWith(entry, start); });
  return found != environment.end() ? *found : environment.emplace_back(start);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PreloadLibrary>> PreloadLibrary::Find() {
  std::error_code error;
  const std::filesystem::path executable = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return absl::InternalError(absl::StrCat("cannot read /proc/self/exe: ", error.message()));
  const std::filesystem::path here = executable.parent_path();
  const std::filesystem::path installed = here.parent_path() / "lib/fdtrace/libfdtrace.so";
  const std::filesystem::path built = here / "interposer/libfdtrace.so";
  for (const auto& library : {installed, built}) {
    if (access(library.c_str(), R_OK) == 0) return At(library);
  }
  return absl::FailedPreconditionError(absl::StrCat("cannot find libfdtrace.so: neither ", installed.string(), " nor ",
                                                    built.string(), " is there; build or install fdtrace again"));
}

absl::StatusOr<std::unique_ptr<PreloadLibrary>> PreloadLibrary::At(const std::string& library) {
  std::unique_ptr<PreloadLibrary> found(new PreloadLibrary(library));
  if (FitsPreload(library)) return found;
  const char* temporary = getenv("TMPDIR");
  for (const char* parent : {temporary != nullptr ? temporary : "/tmp", "/tmp", "/dev/shm"}) {
    std::string directory = absl::StrCat(parent, "/fdtrace.XXXXXX");
    if (parent[0] != '/' || !FitsPreload(parent) || mkdtemp(directory.data()) == nullptr) continue;
    found->directory_ = directory;
    found->path_ = absl::StrCat(directory, kLibraryFile);
    // A program that becomes another user still finds it; only we can change it, or list it.
    if (chmod(directory.c_str(), 0711) == 0 && symlink(library.c_str(), found->path_.c_str()) == 0) return found;
    return absl::UnavailableError(absl::StrCat("cannot link ", library, " into ", directory, ": ", strerror(errno)));
  }
  return absl::UnavailableError(absl::StrCat("cannot preload ", library,
                                             ": its path has a space, a colon or a dollar sign, and none of TMPDIR, "
                                             "/tmp and /dev/shm can hold a link to it; install fdtrace elsewhere"));
}

PreloadLibrary::~PreloadLibrary() {
  if (directory_.empty()) return;
  unlink(path_.c_str());
  rmdir(directory_.c_str());
}

std::vector<std::string> TracedEnvironment(std::vector<std::string> environment, const std::string& library,
                                           const std::string& session) {
  std::string& preload = Variable(environment, "LD_PRELOAD");
  const std::string before = preload.substr(preload.find('=') + 1);
  preload = absl::StrCat("LD_PRELOAD=", library);
  for (const absl::string_view entry : absl::StrSplit(before, absl::ByAnyChar(": "), absl::SkipEmpty())) {
    if (entry != library && !absl::EndsWith(entry, kLibraryFile)) absl::StrAppend(&preload, ":", entry);
  }
  Variable(environment, kSessionVariable) = absl::StrCat(kSessionVariable, "=", session);

  // A program built with gcc's AddressSanitizer refuses to start unless its runtime comes before every other library,
  // unless told so. (Naming the runtime in LD_PRELOAD would put it into every other program that the first one starts.)
  std::string& asan = Variable(environment, "ASAN_OPTIONS");
  if (!absl::StrContains(asan, kLinkOrder)) absl::StrAppend(&asan, absl::EndsWith(asan, "=") ? "" : ":", kLinkOrder);
  return environment;
}

}  // namespace fdtrace
