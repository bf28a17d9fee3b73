#include "collector/held_files.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "collector/file_facts.h"
#include "collector/shared_memory.h"

namespace fdtrace {
namespace {

constexpr absl::string_view kDeleted = " (deleted)";

// Of descriptors. A link that is too long to be told is empty.
bool MayHaveNoName(absl::string_view link) { return link.empty() || absl::EndsWith(link, kDeleted); }

// A line of /proc/PID/maps, of a mapping whose file may have no name left. See proc(5).
struct MappedFile {
  absl::string_view range;
  uint64_t device = 0, inode = 0;
  absl::string_view path;  // a newline in it written as \012, and nothing else escaped
};

// The first word of TEXT, taken off with the blanks behind it.
absl::string_view TakeWord(absl::string_view& text) {
  const absl::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return word;
}

std::optional<MappedFile> ParseMapsLine(absl::string_view line) {
  if (!absl::EndsWith(line, kDeleted)) return std::nullopt;
  MappedFile mapped;
  mapped.range = TakeWord(line);
  TakeWord(line);  // access
  TakeWord(line);  // offset
  const std::pair<absl::string_view, absl::string_view> device =
      absl::StrSplit(TakeWord(line), absl::MaxSplits(':', 1));
  uint32_t major = 0, minor = 0;
  const bool parsed = absl::SimpleHexAtoi(device.first, &major) && absl::SimpleHexAtoi(device.second, &minor) &&
                      absl::SimpleAtoi(TakeWord(line), &mapped.inode);
  if (!parsed || mapped.inode == 0) return std::nullopt;
  mapped.device = makedev(major, minor);
  mapped.path = line;
  return mapped;
}

// The program has them in its hands for a moment when it is welcomed, and mapped from then on.
bool IsFdtraces(absl::string_view path) {
  return absl::ConsumePrefix(&path, "/memfd:") && (path == kSessionPageName || path == kArenaName);
}

// What the kernel calls files of memory that no call of the program's made as files. See shmem_zero_setup, ipc/shm.c,
// fs/aio.c, and the drivers that call shmem_file_setup.
bool IsNoFile(absl::string_view path) {
  for (const absl::string_view kernels : {"/dev/zero", "/[aio]", "/anon_hugepage", "/drm mm object", "/i915"}) {
    if (path == kernels) return true;
  }
  constexpr absl::string_view kSystemV = "/SYSV";  // and the key, eight hexadecimal digits
  return absl::StartsWith(path, kSystemV) && path.size() == kSystemV.size() + 8 &&
         path.find_first_not_of("0123456789abcdef", kSystemV.size()) == absl::string_view::npos;
}

// Descriptor FD, whose link is LINK, if it holds a file of FACTS without a name.
std::optional<HeldFile> HeldBy(int fd, absl::string_view link, const std::optional<FileFacts>& facts) {
  if (!facts.has_value() || facts->links != 0) return std::nullopt;
  const absl::string_view path = absl::StripSuffix(link, kDeleted);
  if (IsFdtraces(path)) return std::nullopt;
  return HeldFile{.seen = {.fd = fd, .file = *facts, .path = std::string(path)}, .below = absl::StrCat("fd/", fd)};
}

// Nothing: it has a name.
std::optional<HeldFile> LookAtMapping(const ProcessDirectory& process, const MappedFile& mapped) {
  std::string below = absl::StrCat("map_files/", mapped.range);
  std::string path = absl::StrReplaceAll(mapped.path, {{"\\012", "\n"}});
  if (absl::StrContains(mapped.path, '\\')) {  // which may also be the name's own
    if (std::string link = process.Link(below.c_str()).value_or(""); !link.empty()) path = std::move(link);
  }
  std::optional<FileFacts> facts;
  if (const auto status = process.StatusOf(below.c_str())) {
    facts = FactsOf(*status);
    if (!facts.has_value() || facts->links != 0) return std::nullopt;
  } else {
    const auto namesake = StatusAt(AT_FDCWD, path.c_str());
    if (namesake.has_value() && namesake->stx_ino == mapped.inode) return std::nullopt;
    facts = FileFacts{.device = mapped.device, .inode = mapped.inode};
  }
  return HeldFile{.seen = {.fd = -1, .file = *facts, .path = std::string(absl::StripSuffix(path, kDeleted))},
                  .below = std::move(below)};
}

}  // namespace

std::vector<HeldFile> HeldAmong(std::span<const SeenDescriptor> seen) {
  std::vector<HeldFile> held;
  for (const SeenDescriptor& one : seen) {
    if (auto file = HeldBy(one.fd, one.link, one.file)) held.push_back(*std::move(file));
  }
  return held;
}

absl::StatusOr<std::vector<HeldFile>> HeldByDescriptors(const ProcessDirectory& process) {
  const absl::StatusOr<std::vector<int>> numbers = process.Numbers();
  if (!numbers.ok()) return numbers.status();
  const auto descriptors = DescriptorDirectory::Open(process);
  if (!descriptors.ok()) return descriptors.status();
  std::vector<HeldFile> held;
  for (const int fd : *numbers) {
    const auto link = descriptors->Link(fd);
    if (!link.has_value() || !MayHaveNoName(*link)) continue;
    const auto status = descriptors->StatusOf(fd);
    if (!status.has_value()) continue;
    if (auto file = HeldBy(fd, *link, FactsOf(*status))) held.push_back(*std::move(file));
  }
  return held;
}

std::vector<FileFacts> NamedByDescriptors(const ProcessDirectory& process, size_t most) {
  const absl::StatusOr<std::vector<int>> numbers = process.Numbers();
  const auto descriptors = DescriptorDirectory::Open(process);
  std::vector<FileFacts> named;
  if (!numbers.ok() || !descriptors.ok()) return named;
  for (size_t i = 0; i < std::min(numbers->size(), most); ++i) {
    const auto status = descriptors->StatusOf((*numbers)[i]);
    const auto facts = status.has_value() ? FactsOf(*status) : std::nullopt;
    if (facts.has_value() && facts->links != 0) named.push_back(*facts);
  }
  return named;
}

std::vector<HeldFile> HeldByMappings(const ProcessDirectory& process) {
  std::vector<HeldFile> held;
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> looked_at;
  const std::string maps = process.Read("maps");
  for (const absl::string_view line : absl::StrSplit(maps, '\n')) {
    const auto mapped = ParseMapsLine(line);
    if (!mapped.has_value() || !looked_at.emplace(mapped->device, mapped->inode).second) continue;
    const absl::string_view path = absl::StripSuffix(mapped->path, kDeleted);
    if (IsFdtraces(path) || IsNoFile(path)) continue;
    if (auto file = LookAtMapping(process, *mapped)) held.push_back(*std::move(file));
  }
  return held;
}

}  // namespace fdtrace
