// The warnings have no quotes, brackets or semicolons: an interactive zsh takes a comment for arguments.
#include "viewer/remedies.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

// One that is alive, and known by a number that the kernel knows too.
bool Reachable(const Holder& holder) { return holder.alive() && holder.pid() != 0; }

std::string Truncate(const Holder& holder, bool mapped) {
  return absl::StrCat(": > /proc/", holder.pid(), "/fd/", holder.fd(), "  # the content of the file is lost, ",
                      mapped ? "a program that has it mapped dies of SIGBUS where it touches it, " : "",
                      "and a program that writes on without O_APPEND leaves a sparse file");
}

std::string Close(uint32_t pid, const std::vector<int32_t>& fds) {
  std::string command = absl::StrCat("gdb -p ", pid, " -batch");
  for (const int32_t fd : fds) absl::StrAppend(&command, " -ex 'call (int)close(", fd, ")'");
  return absl::StrCat(command, "  # the program is not told, and uses the number for whatever is opened under it next");
}

}  // namespace

std::vector<std::string> RemediesFor(const PinnedFile& file) {
  if (file.bytes() == 0) return {};
  const auto alive_mapping = [](const Holder& holder) { return holder.alive() && holder.kind() == Holder::MAPPING; };
  const bool mapped = std::any_of(file.holders().begin(), file.holders().end(), alive_mapping);
  std::map<uint32_t, std::vector<int32_t>> fds;
  std::vector<std::string> remedies;
  for (const Holder& holder : file.holders()) {
    if (!Reachable(holder) || holder.kind() != Holder::DESCRIPTOR) continue;
    if (remedies.empty()) remedies.push_back(Truncate(holder, mapped));
    fds[holder.pid()].push_back(holder.fd());
  }
  if (mapped) return remedies;
  for (const auto& [pid, numbers] : fds) remedies.push_back(Close(pid, numbers));
  return remedies;
}

}  // namespace fdtrace
