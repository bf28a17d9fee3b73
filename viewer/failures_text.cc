#include "viewer/failures_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "viewer/frames.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kSummaryFailures = 5;
constexpr int kSummaryBlamed = 3;
constexpr size_t kPlaceWidth = 80;
constexpr absl::string_view kIndent = "     ";

bool IsOfDescriptors(const Failure& failure) { return failure.error() == "EMFILE" || failure.error() == "ENFILE"; }

class FailuresText {
 public:
  FailuresText(const Report& report, bool full) : report_(report), full_(full) {}

  std::vector<std::string> Lines() {
    const size_t all = static_cast<size_t>(report_.failures_size());
    const size_t shown = full_ ? all : std::min(all, kSummaryFailures);
    for (size_t i = 0; i < shown; ++i) {
      if (full_ && i > 0) lines_.emplace_back();
      AddFailure(i + 1, report_.failures(static_cast<int>(i)));
    }
    if (shown < all) {
      lines_.push_back(absl::StrCat(" … and at ", Counted(all - shown, "more place"), ", which the full report shows"));
    }
    return std::move(lines_);
  }

 private:
  void AddLine(absl::string_view line) { lines_.push_back(absl::StrCat(kIndent, line)); }
  std::string PlaceOf(const Frame& frame) const { return full_ ? FullPlace(frame) : ShortPlace(frame); }

  // "load_config  config.cc:42"
  std::string NameOf(const Frames& stack, const std::string& call) const {
    const SiteName name = fdtrace::NameOf(stack, call);
    const Frame* const own = OwnFrame(stack);
    const std::string place = own != nullptr && !name.place.empty() ? PlaceOf(*own) : name.place;
    return absl::StrCat(name.function, name.function.empty() || place.empty() ? "" : "  ", place);
  }

  void AddFailure(size_t rank, const Failure& failure) {
    std::string title = absl::StrCat(" ", rank, " ", failure.error(), "  ", failure.call());
    if (!failure.path().empty()) absl::StrAppend(&title, " of ", failure.path());
    absl::StrAppend(&title, "  ", failure.picture() > 0 ? "later, " : "", Counted(failure.count(), "time"), "  ",
                    NameOf(failure.stack(), failure.call()));
    if (report_.processes_size() > 1) absl::StrAppend(&title, "  (pid ", failure.pid(), ")");
    lines_.push_back(std::move(title));
    AddLine(failure.explanation());
    AddBlamed(failure);
    if (full_) AddStack(failure.stack());
  }

  static std::string SizeOf(const Failure& failure, const Blame& blame) {
    if (blame.bytes() > 0) return HumanBytes(blame.bytes());
    return Counted(blame.count(), failure.has_filesystem() ? "file" : "descriptor");
  }

  static absl::string_view VerbOf(const Failure& failure) {
    return failure.cause() == Failure::INODES ? "created at" : "opened at";
  }

  // The explanation has named the only one.
  void AddBlamed(const Failure& failure) {
    if (failure.blamed_size() < 2 && !full_) return;
    const int shown = full_ ? failure.blamed_size() : std::min(failure.blamed_size(), kSummaryBlamed);
    std::vector<std::string> sizes;
    sizes.reserve(shown);
    for (int i = 0; i < shown; ++i) sizes.push_back(SizeOf(failure, failure.blamed(i)));
    const size_t width = WidestUpTo(sizes, kPlaceWidth);
    for (int i = 0; i < shown; ++i) {
      const Blame& blame = failure.blamed(i);
      AddLine(absl::StrCat(PadLeft(sizes[static_cast<size_t>(i)], width), "  ", VerbOf(failure), "  ",
                           NameOf(blame.stack(), blame.call())));
    }
    if (full_ && failure.open_unknown() > 0) {
      AddLine(absl::StrCat(PadLeft(Counted(failure.open_unknown(), "descriptor"), width),
                           "  opened by no call that was seen, or before the program started"));
    }
  }

  void AddStack(const Frames& frames) {
    std::vector<std::string> places;
    for (const Frame& frame : frames) places.push_back(FullPlace(frame));
    const size_t width = WidestUpTo(places, kPlaceWidth);
    for (int i = 0; i < frames.size(); ++i) {
      AddLine(absl::StrCat(i == 0 ? "failed at  " : "           ", PadRight(places[static_cast<size_t>(i)], width),
                           "  ", frames[i].function()));
    }
  }

  const Report& report_;
  const bool full_;
  std::vector<std::string> lines_;
};

}  // namespace

std::string FailuresTitle(const Report& report) {
  uint64_t of_descriptors = 0;
  uint64_t of_inotify = 0;
  uint64_t of_space = 0;
  uint64_t of_sets = 0;
  for (const Failure& failure : report.failures()) {
    const bool inotify = failure.cause() == Failure::INOTIFY_WATCHES || failure.cause() == Failure::INOTIFY_INSTANCES;
    (failure.cause() == Failure::FD_SET_SIZE ? of_sets
     : inotify                               ? of_inotify
     : IsOfDescriptors(failure)              ? of_descriptors
                                             : of_space) += failure.count();
  }
  std::string title;
  const auto add = [&](uint64_t count, absl::string_view lack) {
    if (count == 0) return;
    absl::StrAppend(&title,
                    title.empty() ? absl::StrCat(Counted(count, "call"), " failed") : ", " + WithThousands(count),
                    " for want of ", lack);
  };
  add(of_descriptors, "descriptors");
  add(of_space, "space");
  add(of_inotify, "what inotify takes");
  if (of_sets > 0) {
    absl::StrAppend(&title, title.empty() ? Counted(of_sets, "call") : ", " + WithThousands(of_sets),
                    of_sets == 1 ? " was" : " were", " given a descriptor that an fd_set has no room for");
  }
  return title;
}

std::vector<std::string> FailureLines(const Report& report, bool full) { return FailuresText(report, full).Lines(); }

}  // namespace fdtrace
