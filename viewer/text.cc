// From top to bottom: what ran, the leaks, the notes.
#include "viewer/text.h"

#include <string.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/frames.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kSummarySites = 10;
constexpr int kSummaryFrames = 12;
constexpr int kSummaryDescriptors = 2;
constexpr int kFullDescriptors = 20;
constexpr size_t kCommandWidth = 60;
constexpr size_t kColumnWidth = 40;
constexpr size_t kFullColumnWidth = 80;
constexpr absl::string_view kIndent = "     ";

class TextReport {
 public:
  TextReport(const Report& report, const TextOptions& options) : report_(report), options_(options) {}

  std::string Render() {
    AddHeading();
    if (report_.leaks().empty()) {
      AddNoLeaks();
    } else {
      AddLeaks();
    }
    AddNotes();
    return std::move(text_);
  }

 private:
  // A site's title, in columns.
  struct Title {
    std::string rank, verdict, count, resource, function, place;
  };

  void AddLine(absl::string_view line) { absl::StrAppend(&text_, absl::StripTrailingAsciiWhitespace(line), "\n"); }

  std::string Coloured(absl::string_view text, absl::string_view sequence) const {
    return options_.colours ? absl::StrCat("\x1b[", sequence, "m", text, "\x1b[0m") : std::string(text);
  }

  static absl::string_view ColourOf(LeakSite::Verdict verdict) {
    switch (verdict) {
      case LeakSite::GROWING:
        return "1;31";  // bold red
      case LeakSite::HELD:
        return "33";  // yellow
      default:
        return "36";  // cyan
    }
  }

  void AddHeading() {
    const Recording& recording = report_.recording();
    std::string command = absl::StrJoin(recording.command(), " ");
    if (command.empty()) command = "the program";
    std::string line =
        absl::StrCat("fdtrace: ", Coloured(CutTo(command, kCommandWidth), "1"), " ", HowItEnded(recording));
    absl::StrAppend(&line, " · ", Counted(recording.opened(), "descriptor"), " opened, ",
                    WithThousands(recording.still_open()), " still open");
    AddLine(line);
  }

  static std::string HowItEnded(const Recording& recording) {
    if (recording.duration_ns() == 0) return "ended in a way that the trace does not tell";
    const std::string after = absl::StrCat(" after ", HumanDuration(recording.duration_ns()));
    if (recording.signal() == 0) return absl::StrCat("ended with status ", recording.exit_status(), after);
    const char* name = sigabbrev_np(static_cast<int>(recording.signal()));
    // Real-time signals have no names.
    return absl::StrCat("was killed by ",
                        name != nullptr ? absl::StrCat("SIG", name) : absl::StrCat("signal ", recording.signal()),
                        after);
  }

  void AddNoLeaks() {
    const Recording& recording = report_.recording();
    const std::string untraced = report_.processes().empty() ? "" : report_.processes(0).untraced_reason();
    if (!untraced.empty()) {
      AddLine(absl::StrCat("nothing to show: the program could not be followed: ", untraced));
    } else if (!recording.complete()) {
      AddLine("no leaks seen, but the recording is not complete");
    } else if (recording.corrections().opened_unseen() > 0) {
      AddLine("no leaks: every descriptor that it was seen to open was closed");
    } else {
      AddLine("no leaks: every descriptor that it opened was closed");
    }
  }

  void AddLeaks() {
    AddLine("");
    const size_t all = report_.leaks_size();
    const size_t shown = options_.full ? all : std::min(all, kSummarySites);
    AddLine(absl::StrCat(Coloured("LEAKS", "1"), "   ", Counted(report_.recording().still_open(), "descriptor"),
                         " from ", Counted(all, "site")));
    std::vector<Title> titles;
    for (size_t i = 0; i < shown; ++i) titles.push_back(TitleOf(i));
    const std::vector<std::string> lines = TitleLines(titles);
    for (size_t i = 0; i < shown; ++i) {
      if (options_.full && i > 0) AddLine("");
      AddLine(lines[i]);
      AddSite(report_.leaks(i));
    }
    uint64_t hidden = 0;
    for (size_t i = shown; i < all; ++i) hidden += report_.leaks(i).still_open();
    if (shown < all) {
      AddLine(absl::StrCat(" … and ", Counted(hidden, "descriptor"), " from ", Counted(all - shown, "more site"),
                           ", which the full report shows"));
    }
  }

  Title TitleOf(size_t i) const {
    const LeakSite& leak = report_.leaks(i);
    Title title;
    title.rank = absl::StrCat(i + 1);
    title.verdict = LeakSite::Verdict_Name(leak.verdict());
    title.count = absl::StrCat(WithThousands(leak.still_open()), " of ", WithThousands(leak.opened()), " still open");
    title.resource = leak.resource();
    const Frame* own = OwnFrame(leak.stack());
    title.function =
        own == nullptr ? absl::StrCat("an unknown place, by ", leak.call()) : ShortFunction(own->function());
    if (own != nullptr) title.place = ShortPlace(*own);
    if (title.function.empty()) std::swap(title.function, title.place);
    if (!options_.full) title.function = CutTo(title.function, kColumnWidth);
    return title;
  }

  static size_t WidthOf(std::string Title::*column, const std::vector<Title>& titles) {
    std::vector<std::string> texts;
    for (const Title& title : titles) texts.push_back(title.*column);
    return WidestUpTo(texts, kColumnWidth);
  }

  std::vector<std::string> TitleLines(const std::vector<Title>& titles) const {
    const size_t rank = WidthOf(&Title::rank, titles);
    const size_t verdict = WidthOf(&Title::verdict, titles);
    const size_t count = WidthOf(&Title::count, titles);
    const size_t resource = WidthOf(&Title::resource, titles);
    const size_t function = WidthOf(&Title::function, titles);
    std::vector<std::string> lines;
    for (size_t i = 0; i < titles.size(); ++i) {
      const Title& title = titles[i];
      lines.push_back(absl::StrCat(
          " ", PadLeft(title.rank, rank), " ",
          Coloured(PadRight(title.verdict, verdict), ColourOf(report_.leaks(static_cast<int>(i)).verdict())), "  ",
          PadRight(title.count, count), "   ", PadRight(title.resource, resource), "  ",
          PadRight(title.function, function), "  ", title.place));
    }
    return lines;
  }

  void AddSite(const LeakSite& leak) {
    AddStack(leak.stack());
    AddDescriptors(leak);
    AddClosedAt(leak);
  }

  std::string PlaceOf(const Frame& frame) const {
    if (!options_.full || frame.file().empty()) return ShortPlace(frame);
    return frame.line() > 0 ? absl::StrCat(frame.file(), ":", frame.line()) : frame.file();
  }

  void AddStack(const Frames& frames) {
    // One frame is in the title already.
    if (frames.empty() || (frames.size() == 1 && !options_.full)) return;
    const int shown = options_.full ? frames.size() : std::min(frames.size(), kSummaryFrames);
    std::vector<std::string> places;
    for (int i = 0; i < shown; ++i) places.push_back(PlaceOf(frames[i]));
    const size_t width = WidestUpTo(places, options_.full ? kFullColumnWidth : kColumnWidth);
    for (int i = 0; i < shown; ++i) {
      const absl::string_view inlined = options_.full && frames[i].inlined() ? "  (inlined)" : "";
      std::string function =
          options_.full ? frames[i].function() : CutTo(ShortFunction(frames[i].function()), kFullColumnWidth);
      AddLine(absl::StrCat(kIndent, PadRight(places[i], width), "  ", function, inlined));
    }
    if (shown < frames.size()) AddLine(absl::StrCat(kIndent, "… ", Counted(frames.size() - shown, "more frame")));
  }

  std::string DescriptorText(const Descriptor& descriptor) const {
    std::string text = absl::StrCat("fd ", descriptor.fd());
    if (report_.processes_size() > 1) absl::StrAppend(&text, " of pid ", descriptor.pid());
    if (!descriptor.path().empty()) absl::StrAppend(&text, " ", descriptor.path());
    const int64_t end_ns = report_.recording().duration_ns();
    if (end_ns > 0) {
      absl::StrAppend(&text, ", opened ", HumanDuration(end_ns - descriptor.opened_ns()), " before the end");
    } else {
      absl::StrAppend(&text, ", opened after ", HumanDuration(descriptor.opened_ns()));
    }
    return text;
  }

  void AddDescriptors(const LeakSite& leak) {
    const int all = leak.descriptors_size();
    const int shown = std::min(all, options_.full ? kFullDescriptors : kSummaryDescriptors);
    if (shown == 0) return;
    std::vector<std::string> texts;
    for (int i = 0; i < shown; ++i) texts.push_back(DescriptorText(leak.descriptors(i)));
    std::string more = shown < all ? absl::StrCat("(", WithThousands(all - shown), " more)") : "";
    if (!options_.full) {
      AddLine(absl::StrCat(kIndent, all > shown ? "e.g. " : "", absl::StrJoin(texts, " · "), " ", more));
      return;
    }
    for (const std::string& text : texts) AddLine(absl::StrCat(kIndent, text));
    if (!more.empty()) AddLine(absl::StrCat(kIndent, more));
  }

  void AddClosedAt(const LeakSite& leak) {
    // Without a stack it says no more than that a process ended or began another program.
    const auto& closers = leak.usually_closed_at();
    int left = options_.full ? closers.size() : 1;
    for (const ClosedAt& closer : closers) {
      const Frame* own = OwnFrame(closer.stack());
      if (own == nullptr) continue;
      if (left-- == 0) break;
      AddLine(absl::StrCat(kIndent, "its siblings are closed at  ", PlaceOf(*own), "  ", ShortFunction(own->function()),
                           own->function().empty() ? "" : "  ", "(", Counted(closer.count(), "time"), ")"));
    }
  }

  void AddNotes() {
    if (report_.recording().notes().empty()) return;
    AddLine("");
    for (const std::string& note : report_.recording().notes()) AddLine(absl::StrCat("note: ", note));
  }

  const Report& report_;
  const TextOptions& options_;
  std::string text_;
};

}  // namespace

std::string RenderText(const Report& report, const TextOptions& options) {
  return TextReport(report, options).Render();
}

}  // namespace fdtrace
