#include "viewer/pinned_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/descriptor_numbers.h"
#include "viewer/frames.h"
#include "viewer/place_lines.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kSummaryGroups = 5;
constexpr size_t kFullFiles = 20;
constexpr size_t kSummaryHolders = 4;
constexpr size_t kFullHolders = 20;
constexpr size_t kSummaryRemedies = 2;
constexpr size_t kFullRemedies = 20;
constexpr size_t kLabelWidth = 13;
constexpr size_t kPlaceWidth = 80;
constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kMuch = 64 * kMebibyte;
constexpr absl::string_view kIndent = "     ";

using Files = std::vector<const PinnedFile*>;

int64_t BytesOf(const Files& files) {
  int64_t bytes = 0;
  for (const PinnedFile* file : files) bytes += file->bytes();
  return bytes;
}

bool HeldStill(const PinnedFile& file) {
  return std::any_of(file.holders().begin(), file.holders().end(), [](const Holder& holder) { return holder.alive(); });
}

// Equal for files of which a reader would be told the same.
std::string KeyOf(const PinnedFile& file) {
  PinnedFile alike;
  alike.set_in_memory(file.in_memory());
  alike.set_mount(file.mount());
  alike.set_removed_by(file.removed_by());
  alike.set_open_call(file.open_call());
  alike.set_unlink_call(file.unlink_call());
  *alike.mutable_opened_at() = file.opened_at();
  *alike.mutable_unlinked_at() = file.unlinked_at();
  return alike.SerializeAsString();
}

// Most bytes first; within each, the files keep the report's order: largest first.
std::vector<Files> GroupsOf(const Report& report) {
  std::vector<Files> groups;
  std::map<std::string, size_t> by_key;
  for (const PinnedFile& file : report.pinned_files()) {
    const auto [group, is_new] = by_key.try_emplace(KeyOf(file), groups.size());
    if (is_new) groups.emplace_back();
    groups[group->second].push_back(&file);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Files& a, const Files& b) { return BytesOf(a) > BytesOf(b); });
  return groups;
}

std::string MediumOf(const PinnedFile& file) {
  return absl::StrCat(file.in_memory() ? "memory" : "disk", file.mount().empty() ? "" : " on ", file.mount());
}

std::string NameOf(const PinnedFile& file) {
  std::string name = file.path();
  if (name.empty()) {
    name = NameOfUnnamed(file.removed_by() == PinnedFile::TMPFILE);
  }
  const auto [less, more] = std::minmax({file.bytes(), file.apparent_bytes()});
  // Of small files a block more or less is no news.
  if (more / 2 >= less && more - less >= kMebibyte) {
    absl::StrAppend(&name, " (apparent size ", HumanBytes(file.apparent_bytes()), ")");
  }
  return name;
}

// The process that held the file last; null when it is not known.
const Process* LastHolder(const Report& report, const PinnedFile& file) {
  const Process* last = nullptr;
  for (const Holder& holder : file.holders()) {
    for (const Process& process : report.processes()) {
      // Pids come round again: one that had begun when the sizes were looked at.
      if (process.pid() != holder.pid() || process.started_ns() > file.seen_ns()) continue;
      if (last == nullptr || process.ended_ns() > last->ended_ns()) last = &process;
    }
  }
  return last;
}

// Of a process that ended unawares the sizes are those of the last look.
struct OldSizes {
  const Process* holder = nullptr;  // null: they are not old
  int64_t age_ns = 0;
};

OldSizes OldSizesOf(const Report& report, const PinnedFile& file) {
  const Process* const last = HeldStill(file) ? nullptr : LastHolder(report, file);
  if (last == nullptr || last->end() == Process::EXITED || last->ended_ns() <= file.seen_ns()) return {};
  return {.holder = last, .age_ns = last->ended_ns() - file.seen_ns()};
}

// What is to be said behind their sum.
absl::string_view AsOfTheLastLook(const Report& report) {
  const bool any_old = std::any_of(report.pinned_files().begin(), report.pinned_files().end(),
                                   [&](const PinnedFile& file) { return OldSizesOf(report, file).holder != nullptr; });
  return any_old ? ", as of the last look" : "";
}

bool HasPeakToTell(const Report& report, const PinnedFilesystem& filesystem, bool full) {
  if (full) return true;
  int64_t at_end = 0;
  for (const PinnedFile& file : report.pinned_files()) {
    if (file.mount() == filesystem.mount()) at_end += file.bytes();
  }
  return filesystem.peak_bytes() >= kMuch && filesystem.peak_bytes() / 2 >= at_end;
}

class PinnedText {
 public:
  PinnedText(const Report& report, bool full) : report_(report), full_(full) {}

  std::vector<std::string> Lines() {
    AddGroups();
    for (const PinnedFilesystem& filesystem : report_.pinned_filesystems()) {
      if (HasPeakToTell(report_, filesystem, full_)) AddPeak(filesystem);
    }
    return std::move(lines_);
  }

 private:
  void AddGroups() {
    const std::vector<Files> groups = GroupsOf(report_);
    const size_t shown = full_ ? groups.size() : std::min(groups.size(), kSummaryGroups);
    std::vector<std::string> sizes, media;
    for (size_t i = 0; i < shown; ++i) {
      sizes.push_back(HumanBytes(BytesOf(groups[i])));
      media.push_back(MediumOf(*groups[i][0]));
    }
    const size_t rank = absl::StrCat(shown).size();
    const size_t size = WidestUpTo(sizes, kPlaceWidth);
    const size_t medium = WidestUpTo(media, kPlaceWidth);
    for (size_t i = 0; i < shown; ++i) {
      if (full_ && i > 0) lines_.emplace_back();
      lines_.push_back(absl::StrCat(" ", PadLeft(absl::StrCat(i + 1), rank), " ", PadLeft(sizes[i], size), "  ",
                                    PadRight(media[i], medium), "  ", TitleOf(groups[i])));
      AddGroup(groups[i]);
    }
    AddHidden(groups, shown);
  }

  void AddHidden(const std::vector<Files>& groups, size_t shown) {
    if (shown == groups.size()) return;
    int64_t bytes = 0;
    size_t files = 0;
    for (size_t i = shown; i < groups.size(); ++i) {
      bytes += BytesOf(groups[i]);
      files += groups[i].size();
    }
    lines_.push_back(absl::StrCat(" … and ", HumanBytes(bytes), " in ", Counted(files, "more file"),
                                  ", which the full report shows"));
  }

  static std::string TitleOf(const Files& files) {
    if (files.size() == 1) return NameOf(*files[0]);
    return absl::StrCat(Counted(files.size(), "file"), ", the largest ", HumanBytes(files[0]->bytes()), " ",
                        NameOf(*files[0]));
  }

  void AddGroup(const Files& files) {
    const PinnedFile& file = *files[0];
    AddPlace("opened at", file.opened_at(), file.open_call(), "");
    AddRemoval(file, files.size() == 1);
    AddHolders(files);
    if (full_ && files.size() > 1) AddFiles(files);
    AddAge(files);
    AddRemedies(files);
  }

  void AddFact(absl::string_view label, absl::string_view fact) {
    lines_.push_back(absl::StrCat(kIndent, PadRight(label, kLabelWidth), fact));
  }

  void AddPlace(absl::string_view label, const Frames& frames, const std::string& call, absl::string_view afterwards) {
    const LabelledPlace place = {label, kLabelWidth, frames, call, std::string(afterwards)};
    for (const std::string& line : PlaceLines(place, full_)) lines_.push_back(absl::StrCat(kIndent, line));
  }

  std::string Since(const PinnedFile& file) const {
    const int64_t end_ns = report_.recording().duration_ns();
    if (end_ns == 0) return absl::StrCat(HumanDuration(file.unlinked_ns()), " after the start");
    return absl::StrCat(HumanDuration(end_ns - file.unlinked_ns()), " before the end");
  }

  void AddRemoval(const PinnedFile& file, bool alone) {
    const std::string when = alone ? absl::StrCat(", ", Since(file)) : "";
    switch (file.removed_by()) {
      case PinnedFile::UNLINK:
        AddPlace("removed at", file.unlinked_at(), file.unlink_call(), when);
        break;
      case PinnedFile::RENAME:
        AddPlace("replaced at", file.unlinked_at(), file.unlink_call(), when);
        break;
      case PinnedFile::TMPFILE:
        break;  // made without a name where it was opened
      case PinnedFile::OTHER_PROCESS:
        AddFact("removed by", absl::StrCat("no call that fdtrace saw", alone ? "; without a name since " : "",
                                           alone ? Since(file) : ""));
        break;
      default:
        AddFact("removed", absl::StrCat("in a way that is not known", when));
    }
  }

  // Of one kind: "fds 3, 4 of pid 100, fd 7 of pid 200, never closed".
  static std::string HoldersOf(const Files& files, Holder::Kind kind, size_t most) {
    std::map<uint32_t, std::vector<int64_t>> numbers;  // by pid; a process may map a file in pieces
    bool alive = false;
    for (const PinnedFile* file : files) {
      for (const Holder& holder : file->holders()) {
        if (holder.kind() != kind) continue;
        numbers[holder.pid()].push_back(holder.fd());
        alive = alive || holder.alive();
      }
    }
    if (numbers.empty()) return {};
    std::vector<std::string> names;
    names.reserve(numbers.size());
    for (const auto& [pid, fds] : numbers) {
      names.push_back(
          absl::StrCat(kind == Holder::DESCRIPTOR ? DescriptorNumbers(fds, most) : "a mapping", " of pid ", pid));
    }
    const size_t shown = std::min(names.size(), most);
    std::string text = absl::StrJoin(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), ", ");
    if (shown < names.size()) absl::StrAppend(&text, ", … (", WithThousands(names.size() - shown), " more)");
    const absl::string_view undone = kind == Holder::DESCRIPTOR ? "closed" : "unmapped";
    return absl::StrCat(text, alive ? ", not yet " : ", never ", undone);
  }

  void AddHolders(const Files& files) {
    const size_t most = full_ ? kFullHolders : kSummaryHolders;
    for (const Holder::Kind kind : {Holder::DESCRIPTOR, Holder::MAPPING}) {
      if (const std::string holders = HoldersOf(files, kind, most); !holders.empty()) AddFact("held by", holders);
    }
  }

  void AddFiles(const Files& files) {
    const size_t shown = std::min(files.size(), kFullFiles);
    for (size_t i = 0; i < shown; ++i) {
      AddFact(i == 0 ? "files" : "",
              absl::StrCat(PadLeft(HumanBytes(files[i]->bytes()), 8), "  ", NameOf(*files[i]), ", ", Since(*files[i])));
    }
    if (shown < files.size()) AddFact("", absl::StrCat("(", WithThousands(files.size() - shown), " more)"));
  }

  // The oldest, if they differ.
  void AddAge(const Files& files) {
    const auto age = [&](const PinnedFile* file) { return OldSizesOf(report_, *file).age_ns; };
    const PinnedFile& oldest =
        **std::max_element(files.begin(), files.end(), [&](auto* a, auto* b) { return age(a) < age(b); });
    const OldSizes old = OldSizesOf(report_, oldest);
    if (old.holder == nullptr) return;
    AddFact("size as of", absl::StrCat(HumanDuration(old.age_ns), " before the end of pid ", old.holder->pid(),
                                       ", which was not announced"));
  }

  // Of several files the first command for each, of a single one all.
  void AddRemedies(const Files& files) {
    std::vector<std::string> remedies;
    for (const PinnedFile* file : files) {
      const auto& all = file->remedies();
      remedies.insert(remedies.end(), all.begin(), files.size() > 1 && !all.empty() ? all.begin() + 1 : all.end());
    }
    const size_t shown = std::min(remedies.size(), full_ ? kFullRemedies : kSummaryRemedies);
    for (size_t i = 0; i < shown; ++i) {
      AddFact(i == 0 ? "free it by" : i == 1 && files.size() == 1 ? "or by" : "", remedies[i]);
    }
    if (shown < remedies.size()) {
      AddFact("", absl::StrCat("(", Counted(remedies.size() - shown, "more command"), ")"));
    }
    if (remedies.empty() && HeldStill(*files[0]) && files[0]->bytes() > 0) {
      AddFact("free it by", "the end of those that hold it: no command from outside unmaps a file");
    }
  }

  void AddPeak(const PinnedFilesystem& filesystem) {
    std::string line = absl::StrCat(" the most at once: ", HumanBytes(filesystem.peak_bytes()));
    if (!filesystem.mount().empty()) absl::StrAppend(&line, " on ", filesystem.mount());
    if (!filesystem.type().empty()) absl::StrAppend(&line, " (", filesystem.type(), ")");
    absl::StrAppend(&line, ", ", HumanDuration(filesystem.peak_ns()), " after the start");
    lines_.push_back(std::move(line));
    const int shown = full_ ? filesystem.peak_sites_size() : std::min(filesystem.peak_sites_size(), 1);
    for (int i = 0; i < shown; ++i) {
      const PinnedSite& site = filesystem.peak_sites(i);
      const SiteName opener = fdtrace::NameOf(site.stack(), site.call());
      lines_.push_back(absl::StrCat(kIndent, PadLeft(HumanBytes(site.bytes()), 8), "  opened at  ", opener.place,
                                    opener.place.empty() ? "" : "  ", opener.function));
    }
  }

  const Report& report_;
  const bool full_;
  std::vector<std::string> lines_;
};

}  // namespace

std::string PinnedInShort(const Report& report) {
  int64_t bytes = 0;
  for (const PinnedFile& file : report.pinned_files()) bytes += file.bytes();
  const absl::string_view as_of = AsOfTheLastLook(report);
  return bytes == 0 && as_of.empty() ? "" : absl::StrCat(HumanBytes(bytes), " pinned", as_of);
}

std::string PinnedTitle(const Report& report, bool full) {
  const uint64_t files = static_cast<uint64_t>(report.pinned_files_size());
  if (files == 0) {
    for (const PinnedFilesystem& filesystem : report.pinned_filesystems()) {
      if (HasPeakToTell(report, filesystem, full)) return "files without a name were held, and none to the end";
    }
    return {};
  }
  int64_t disk = 0;
  int64_t memory = 0;
  bool on_disk = false;
  bool still = false;
  for (const PinnedFile& file : report.pinned_files()) {
    (file.in_memory() ? memory : disk) += file.bytes();
    on_disk = on_disk || !file.in_memory();
    still = still || HeldStill(file);
  }
  std::vector<std::string> bytes;
  if (on_disk) bytes.push_back(absl::StrCat(HumanBytes(disk), " of disk"));
  if (memory > 0 || !on_disk) bytes.push_back(absl::StrCat(HumanBytes(memory), " of memory"));
  const absl::string_view as_of = AsOfTheLastLook(report);
  return absl::StrCat(absl::StrJoin(bytes, " and "), as_of, as_of.empty() ? " in " : ", in ", Counted(files, "file"),
                      " without a name ", still ? "are still held" : "were held to the end",
                      !on_disk ? ""
                      : still  ? ": du does not show them"
                               : ": du did not show them");
}

std::vector<std::string> PinnedLines(const Report& report, bool full) { return PinnedText(report, full).Lines(); }

}  // namespace fdtrace
