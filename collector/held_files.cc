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

std::string WithoutDeleted(absl::string_view link) { return std::string(absl::StripSuffix(link, kDeleted)); }

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

// What the kernel calls files of memory that no call of the program's made as files, and our own. See shmem_zero_setup,
// ipc/shm.c, fs/aio.c, and the drivers that call shmem_file_setup.
bool IsNoFile(absl::string_view path) {
  const absl::string_view name = absl::StripSuffix(path, kDeleted);
  for (const absl::string_view ours : {kSessionPageName, kArenaName}) {
    if (name == absl::StrCat("/memfd:", ours)) return true;
  }
  for (const absl::string_view kernels : {"/dev/zero", "/[aio]", "/anon_hugepage", "/drm mm object", "/i915"}) {
    if (name == kernels) return true;
  }
  constexpr absl::string_view kSystemV = "/SYSV";  // and the key, eight hexadecimal digits
  return absl::StartsWith(name, kSystemV) && name.size() == kSystemV.size() + 8 &&
         name.find_first_not_of("0123456789abcdef", kSystemV.size()) == absl::string_view::npos;
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
  return HeldFile{.seen = {.fd = -1, .file = *facts, .path = WithoutDeleted(path)}, .below = std::move(below)};
}

}  // namespace

std::vector<HeldFile> HeldAmong(std::span<const SeenDescriptor> seen) {
  std::vector<HeldFile> held;
  for (const SeenDescriptor& one : seen) {
    if (!one.file.has_value() || one.file->links != 0) continue;
    held.push_back({.seen = {.fd = one.fd, .file = *one.file, .path = WithoutDeleted(one.link)},
                    .below = absl::StrCat("fd/", one.fd)});
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
    const auto facts = status.has_value() ? FactsOf(*status) : std::nullopt;
    if (!facts.has_value() || facts->links != 0) continue;
    held.push_back(
        {.seen = {.fd = fd, .file = *facts, .path = WithoutDeleted(*link)}, .below = absl::StrCat("fd/", fd)});
  }
  return held;
}

std::vector<HeldFile> HeldByMappings(const ProcessDirectory& process) {
  std::vector<HeldFile> held;
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> looked_at;
  const std::string maps = process.Read("maps");
  for (const absl::string_view line : absl::StrSplit(maps, '\n')) {
    const auto mapped = ParseMapsLine(line);
    if (!mapped.has_value() || IsNoFile(mapped->path)) continue;
    if (!looked_at.emplace(mapped->device, mapped->inode).second) continue;
    if (auto file = LookAtMapping(process, *mapped)) held.push_back(*std::move(file));
  }
  return held;
}

}  // namespace fdtrace
