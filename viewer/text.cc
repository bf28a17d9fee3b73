// From top to bottom: what ran, the calls that failed, the leaks, the wrong closes, the files that take space, what
// programs received, the processes, the notes.
#include "viewer/text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/bad_closes_text.h"
#include "viewer/collected_text.h"
#include "viewer/failures_text.h"
#include "viewer/files_text.h"
#include "viewer/findings_text.h"
#include "viewer/frames.h"
#include "viewer/heading.h"
#include "viewer/inherited_text.h"
#include "viewer/pinned_text.h"
#include "viewer/process_text.h"
#include "viewer/table.h"
#include "viewer/tests_text.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kSummarySites = 10;
constexpr int kSummaryFrames = 12;
constexpr int kSummaryDescriptors = 2;
constexpr int kFullDescriptors = 20;
constexpr size_t kColumnWidth = 40;
constexpr size_t kFullColumnWidth = 80;
constexpr absl::string_view kIndent = "     ";

class TextReport {
 public:
  TextReport(const Report& report, const TextOptions& options)
      : report_(report), options_(options), findings_(LeakFindings(report)) {}

  std::string Render() {
    AddHeading();
    AddSection("FAILURES", FailuresTitle(report_), FailureLines(report_, options_.full));
    if (report_.leaks().empty()) {
      AddNoLeaks();
    } else {
      AddLeaks();
    }
    AddSection("WRONG CLOSES", BadClosesTitle(report_, options_.full), BadCloseLines(report_, options_.full));
    AddSection("TESTS", TestsTitle(report_), TestLines(report_, options_.full));
    AddSection("PINNED", PinnedTitle(report_, options_.full), PinnedLines(report_, options_.full));
    AddSection("LEFT BEHIND", LeftoversTitle(report_, options_.full), LeftoverLines(report_, options_.full));
    AddSection("WRITERS", WritersTitle(report_, options_.full), WriterLines(report_, options_.full));
    if (options_.full) {
      AddSection("COLLECTED", CollectedInShort(report_), CollectedLines(report_));
      AddInherited();
      AddProcesses();
    } else {
      AddInShort();
    }
    AddNotes();
    AddRules();
    return std::move(text_);
  }

 private:
  // A site's title, in columns.
  struct Title {
    std::string rank, verdict, count, resource, function, place;
  };

  void AddLine(absl::string_view line) { absl::StrAppend(&text_, absl::StripTrailingAsciiWhitespace(line), "\n"); }

  void AddLines(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) AddLine(line);
  }

  // Nothing where there is no title.
  void AddSection(absl::string_view name, const std::string& title, const std::vector<std::string>& lines) {
    if (title.empty()) return;
    AddLine("");
    AddLine(absl::StrCat(Coloured(name, "1"), "   ", title));
    AddLines(lines);
  }

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
    std::string line = absl::StrCat("fdtrace: ", Coloured(CommandInShort(recording), "1"), " ", HowItEnded(recording));
    absl::StrAppend(&line, " · ", Counted(recording.opened(), "descriptor"), " opened, ",
                    WithThousands(recording.still_open()), " still open");
    if (const std::string pinned = PinnedInShort(report_); !pinned.empty()) absl::StrAppend(&line, " · ", pinned);
    AddLine(line);
  }

  void AddNoLeaks() {
    const Recording& recording = report_.recording();
    const Process root = report_.processes().empty() ? Process() : report_.processes(0);
    // One that went on to such a program by exec was followed until then.
    if (const std::string& untraced = root.untraced_reason(); !untraced.empty() && root.end() != Process::UNTRACED) {
      AddLine(absl::StrCat("nothing to show: the program could not be followed: ", untraced));
    } else if (!recording.complete()) {
      AddLine("no leaks seen, but the recording is not complete");
    } else {
      const bool saw_all = recording.corrections().opened_unseen() == 0;
      AddLine(absl::StrCat("no leaks: every descriptor that it ", saw_all ? "opened" : "was seen to open",
                           " was closed", report_.pinned_files().empty() ? "" : "; but it held files without a name:"));
    }
  }

  // A summary leaves out what the rules let pass.
  std::vector<size_t> ShownLeaks() const {
    std::vector<size_t> shown;
    for (size_t i = 0; i < findings_.size(); ++i) {
      if (options_.full || findings_[i] == nullptr || findings_[i]->left() > 0) shown.push_back(i);
    }
    return shown;
  }

  void AddLeaks() {
    AddLine("");
    std::vector<size_t> rows = ShownLeaks();
    const size_t all = report_.leaks_size();
    std::string title =
        absl::StrCat(Coloured("LEAKS", "1"), "   ", Counted(report_.recording().still_open(), "descriptor"), " from ",
                     Counted(all, "site"));
    if (rows.size() < all) absl::StrAppend(&title, ", ", WithThousands(all - rows.size()), " of them let pass");
    AddLine(title);
    const size_t shown = options_.full ? rows.size() : std::min(rows.size(), kSummarySites);
    uint64_t hidden = 0;
    for (size_t i = shown; i < rows.size(); ++i) hidden += report_.leaks(static_cast<int>(rows[i])).still_open();
    const size_t cut = rows.size() - shown;
    rows.resize(shown);
    std::vector<Title> titles;
    titles.reserve(rows.size());
    for (const size_t row : rows) titles.push_back(TitleOf(row));
    const std::vector<std::string> lines = TitleLines(rows, titles);
    for (size_t i = 0; i < shown; ++i) {
      if (options_.full && i > 0) AddLine("");
      AddLine(lines[i]);
      AddSite(report_.leaks(static_cast<int>(rows[i])));
      if (findings_[rows[i]] != nullptr) AddFinding(*findings_[rows[i]]);
    }
    if (cut > 0) {
      AddLine(absl::StrCat(" … and ", Counted(hidden, "descriptor"), " from ", Counted(cut, "more site"),
                           ", which the full report shows"));
    }
  }

  // The line that would let it pass is for those who have to decide on it.
  void AddFinding(const Finding& finding) {
    if (const std::string not_left = NotLeft(finding); !not_left.empty()) {
      AddLine(absl::StrCat(kIndent, "of these ", not_left));
    }
    const bool asked = options_.full || (finding.fails() && report_.rules().error_exitcode() != 0);
    if (asked && finding.left() > 0 && !finding.suppression().empty()) {
      AddLine(absl::StrCat(kIndent, "suppress with ", finding.suppression()));
    }
  }

  Title TitleOf(size_t i) const {
    const LeakSite& leak = report_.leaks(static_cast<int>(i));
    Title title;
    title.rank = absl::StrCat(i + 1);
    title.verdict = LeakSite::Verdict_Name(leak.verdict());
    title.count = absl::StrCat(WithThousands(leak.still_open()), " of ", WithThousands(leak.opened()), " still open");
    title.resource = leak.resource();
    SiteName name = NameOf(leak.stack(), leak.call());
    title.function = options_.full ? std::move(name.function) : CutTo(name.function, kColumnWidth);
    title.place = std::move(name.place);
    return title;
  }

  static size_t WidthOf(std::string Title::*column, const std::vector<Title>& titles) {
    std::vector<std::string> texts;
    texts.reserve(titles.size());
    for (const Title& title : titles) texts.push_back(title.*column);
    return WidestUpTo(texts, kColumnWidth);
  }

  std::vector<std::string> TitleLines(const std::vector<size_t>& rows, const std::vector<Title>& titles) const {
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
          Coloured(PadRight(title.verdict, verdict), ColourOf(report_.leaks(static_cast<int>(rows[i])).verdict())),
          "  ", PadRight(title.count, count), "   ", PadRight(title.resource, resource), "  ",
          PadRight(title.function, function), "  ", title.place));
    }
    return lines;
  }

  void AddSite(const LeakSite& leak) {
    AddStack(leak.stack());
    AddDescriptors(leak);
    if (leak.pinned_bytes() > 0) {
      AddLine(
          absl::StrCat(kIndent, "holding ", HumanBytes(leak.pinned_bytes()), " in files without a name: see PINNED"));
    }
    AddPlaces("first opened at", leak.first_opened_at(), ", and received over a socket");
    AddPlaces("its siblings are closed at", leak.usually_closed_at(), "");
    if (!leak.advice().empty()) AddLine(absl::StrCat(kIndent, "advice: ", leak.advice()));
  }

  std::string PlaceOf(const Frame& frame) const { return options_.full ? FullPlace(frame) : ShortPlace(frame); }

  void AddStack(const Frames& frames) {
    // One frame is in the title already.
    if (frames.empty() || (frames.size() == 1 && !options_.full)) return;
    const int shown = options_.full ? frames.size() : std::min(frames.size(), kSummaryFrames);
    std::vector<std::string> places;
    places.reserve(shown);
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
    if (options_.full && !descriptor.test().empty()) absl::StrAppend(&text, ", in ", descriptor.test());
    return text;
  }

  void AddDescriptors(const LeakSite& leak) {
    const int all = leak.descriptors_size();
    const int shown = std::min(all, options_.full ? kFullDescriptors : kSummaryDescriptors);
    if (shown == 0) return;
    std::vector<std::string> texts;
    texts.reserve(shown);
    for (int i = 0; i < shown; ++i) texts.push_back(DescriptorText(leak.descriptors(i)));
    std::string more = shown < all ? absl::StrCat("(", WithThousands(all - shown), " more)") : "";
    if (!options_.full) {
      AddLine(absl::StrCat(kIndent, all > shown ? "e.g. " : "", absl::StrJoin(texts, " · "), " ", more));
      return;
    }
    for (const std::string& text : texts) AddLine(absl::StrCat(kIndent, text));
    if (!more.empty()) AddLine(absl::StrCat(kIndent, more));
  }

  static bool WasCollected(const ClosedAt& place) { return place.collected(); }
  static bool WasCollected(const OpenedAt&) { return false; }

  // Of the most frequent of PLACES, or of all in full: "WHAT  config.cc:57  load_config  (3,800 times)AFTERWARDS".
  template <typename Place>
  void AddPlaces(absl::string_view what, const google::protobuf::RepeatedPtrField<Place>& places,
                 absl::string_view afterwards) {
    int left = options_.full ? places.size() : 1;
    for (const Place& place : places) {
      const Frame* own = OwnFrame(place.stack());
      // Without a stack it says no more than that a process ended or began another program.
      if (own == nullptr) continue;
      if (left-- == 0) break;
      AddLine(absl::StrCat(kIndent, what, "  ", PlaceOf(*own), "  ", ShortFunction(own->function()),
                           own->function().empty() ? "" : "  ", "(", Counted(place.count(), "time"),
                           WasCollected(place) ? ", when its object was freed" : "", ")", afterwards));
    }
  }

  // People come for leaks: in the summary, what programs received and which there were takes a line each.
  void AddInShort() {
    const std::string inherited = InheritedInShort(report_);
    const std::string collected = CollectedInShort(report_);
    const bool several = report_.processes_size() > 1;
    if (!inherited.empty() || !collected.empty() || several) AddLine("");
    if (!collected.empty()) {
      AddLine(absl::StrCat(Coloured("COLLECTED", "1"), "   ", collected, "; the full report shows where"));
    }
    if (!inherited.empty()) {
      AddLine(absl::StrCat(Coloured("INHERITED", "1"), "   ", inherited, "; the full report shows which"));
    }
    if (several) AddLine(ProcessesInShort(report_));
  }

  void AddInherited() {
    if (report_.inherited().empty()) return;
    const std::string inherited = InheritedInShort(report_);
    AddSection("INHERITED",
               inherited.empty() ? "nothing for want of CLOEXEC"
                                 : absl::StrCat(inherited, ": open with O_CLOEXEC, SOCK_CLOEXEC or fopen's \"e\""),
               InheritedLines(report_));
  }

  void AddProcesses() {
    if (report_.processes_size() < 2) return;
    AddSection("PROCESSES", WithThousands(report_.processes_size()), ProcessTreeLines(report_));
  }

  void AddNotes() {
    if (report_.recording().notes().empty()) return;
    AddLine("");
    for (const std::string& note : report_.recording().notes()) AddLine(absl::StrCat("note: ", note));
  }

  void AddRules() {
    const std::vector<std::string> lines = RulesLines(report_, options_.full);
    if (lines.empty()) return;
    AddLine("");
    AddLines(lines);
  }

  const Report& report_;
  const TextOptions& options_;
  const std::vector<const Finding*> findings_;  // of each leak; null where nobody judged
  std::string text_;
};

}  // namespace

std::string RenderText(const Report& report, const TextOptions& options) {
  return TextReport(report, options).Render();
}

}  // namespace fdtrace
