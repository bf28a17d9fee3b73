// One function per kind of note; each adds its note or none.
#include "viewer/notes.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "viewer/frames.h"
#include "viewer/leaks.h"
#include "viewer/printable.h"
#include "viewer/tally.h"
#include "viewer/units.h"
#include "viewer/verdict.h"

namespace fdtrace {
namespace {

using Notes = std::vector<std::string>;

constexpr size_t kExamples = 3;

// "a, b, c and 7 more"
std::string Some(const std::vector<std::string>& items) {
  const auto shown = absl::MakeConstSpan(items).subspan(0, kExamples);
  std::string text = absl::StrJoin(shown, ", ");
  if (items.size() > shown.size()) absl::StrAppend(&text, " and ", WithThousands(items.size() - shown.size()), " more");
  return text;
}

void AddCutShort(const Trace& trace, Notes& notes) {
  std::string where = Printable(trace.damage);
  if (trace.end && where.empty()) return;
  if (where.empty()) where = "the trace is cut short: it stops before the recording ended";
  notes.push_back(absl::StrCat(where, "; this report shows what comes before"));
}

void AddRedacted(const Trace& trace, Notes& notes) {
  if (!trace.start || !trace.start->redacted()) return;
  notes.push_back(
      "redacted: arguments of commands are left out, and names of files replaced, one name always by the same");
}

void AddLost(const Trace& trace, Notes& notes) {
  uint64_t lost = 0;
  uint64_t stackless = 0;
  for (const TraceProcess& process : trace.processes) {
    lost += process.events_lost();
    stackless += process.stackless();
  }
  // Otherwise the collector's own notes tell, and know more.
  if (!trace.end && lost > 0) {
    notes.push_back(absl::StrCat("events lost: ", WithThousands(lost), "; the counts may be off by as many"));
  }
  if (stackless > 0) {
    notes.push_back(absl::StrCat(Counted(stackless, "descriptor"), " opened where no stack could be taken"));
  }
}

void AddCorrections(const Trace& trace, Notes& notes) {
  uint64_t opened = 0;
  uint64_t closed = 0;
  for (const TraceProcess& process : trace.processes) {
    opened += process.opened_unseen();
    closed += process.closed_unseen();
  }
  if (trace.end) {
    opened = trace.end->opened_unseen();
    closed = trace.end->closed_unseen();
  }
  if (opened + closed == 0) return;
  notes.push_back(absl::StrCat("corrected by what the kernel showed: ", Counted(opened, "descriptor"), " opened and ",
                               WithThousands(closed), " closed by no call that fdtrace saw"));
}

void AddUnknownOrigins(const Trace& trace, Notes& notes) {
  std::vector<std::string> unknown;
  for (const TraceDescriptor& descriptor : trace.descriptors) {
    if (descriptor.site() != 0 || descriptor.inherited()) continue;
    const std::string path = ShownPath(descriptor);
    unknown.push_back(absl::StrCat("fd ", descriptor.fd(), path.empty() ? "" : " ", path));
  }
  if (unknown.empty()) return;
  notes.push_back(
      absl::StrCat(Counted(unknown.size(), "descriptor"), " still open whose origin was not seen: ", Some(unknown)));
}

// Programs that could not be followed for the same reason.
struct Untraced {
  std::vector<std::string> programs;
  uint32_t first_pid = 0;
};

void AddUntraced(const Trace& trace, Notes& notes) {
  std::map<std::string, Untraced> by_reason;
  size_t all = 0;
  for (const TraceProcess& process : trace.processes) {
    if (process.untraced_reason().empty()) continue;
    Untraced& untraced = by_reason[Printable(process.untraced_reason())];
    if (untraced.programs.empty()) untraced.first_pid = process.pid();
    untraced.programs.push_back(Printable(Basename(process.executable())));
    ++all;
  }
  if (all == 0) return;
  std::vector<std::pair<std::string, Untraced>> reasons(by_reason.begin(), by_reason.end());
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.second.programs.size() > b.second.programs.size(); });
  const size_t shown = std::min(reasons.size(), kExamples);
  std::vector<std::string> told;
  for (size_t i = 0; i < shown; ++i) {
    const auto& [reason, untraced] = reasons[i];
    told.push_back(absl::StrCat(TallyOf(untraced.programs, kExamples),
                                untraced.programs.size() == 1 ? absl::StrCat(" (pid ", untraced.first_pid, ")") : "",
                                ": ", reason));
  }
  if (reasons.size() > shown) told.push_back(absl::StrCat("and ", Counted(reasons.size() - shown, "more reason")));
  const std::string who = all == 1 ? "1 process" : absl::StrCat(WithThousands(all), " processes");
  const absl::string_view consequence =
      all == 1 ? "what it opened is not known, what it was given is shown as still open"
               : "what they opened is not known, what they were given is shown as still open";
  notes.push_back(absl::StrCat(who, " could not be followed (", consequence, "): ", absl::StrJoin(told, "; ")));
}

// What one more descriptor of each site that kept growing adds up to in a second; 0: none grew for long enough to tell.
double GrowthPerSecond(const Trace& trace) {
  constexpr double kSecondNs = 1e9;
  double sum = 0;
  for (const TraceSite& site : trace.sites) {
    if (VerdictOf(site) != LeakSite::GROWING || site.last_active_ns() <= site.first_opened_ns()) continue;
    const double seconds = static_cast<double>(site.last_active_ns() - site.first_opened_ns()) / kSecondNs;
    if (seconds >= 1) sum += static_cast<double>(site.still_open()) / seconds;
  }
  return sum;
}

// A site belongs to all processes, so of one among several nobody knows how fast it grew.
std::string TimeLeft(const Trace& trace, const TraceProcess& process) {
  constexpr double kMostSeconds = 365.0 * 24 * 3600;
  const double per_second = trace.processes.size() == 1 ? GrowthPerSecond(trace) : 0;
  if (per_second <= 0) return {};
  const double seconds = static_cast<double>(process.nofile_soft() - process.peak_open()) / per_second;
  if (seconds > kMostSeconds) return {};
  return absl::StrCat(": what kept growing would have taken the rest in ",
                      HumanDuration(static_cast<int64_t>(seconds * 1e9)));
}

// A program that raised its limit may have gone beyond what it had at its start; then nothing is known of how close it
// came.
bool CameClose(const TraceProcess& process) {
  return process.peak_open() <= process.nofile_soft() &&
         process.peak_open() >= process.nofile_soft() - process.nofile_soft() / 10;
}

void AddNearLimit(const Trace& trace, Notes& notes) {
  absl::flat_hash_set<uint32_t> failed;
  for (const TraceFailure& failure : trace.failures) {
    if (failure.error() == EMFILE) failed.insert(failure.process());
  }
  std::vector<const TraceProcess*> close;
  for (const TraceProcess& process : trace.processes) {
    if (process.nofile_soft() > 0 && CameClose(process) && !failed.contains(process.serial()))
      close.push_back(&process);
  }
  std::stable_sort(close.begin(), close.end(),
                   [](const auto* a, const auto* b) { return a->peak_open() > b->peak_open(); });
  if (close.empty()) return;
  const TraceProcess& process = *close.front();
  notes.push_back(absl::StrCat(
      Printable(Basename(process.executable())), " (pid ", process.pid(), ") got to ",
      WithThousands(process.peak_open()), " of the ", WithThousands(process.nofile_soft()),
      " descriptors that it may have",
      close.size() == 1
          ? ""
          : absl::StrCat(", and ",
                         close.size() == 2 ? "1 other" : absl::StrCat(WithThousands(close.size() - 1), " others"),
                         " came near to theirs"),
      TimeLeft(trace, process)));
}

void AddUnreadPython(const Trace& trace, Notes& notes) {
  std::map<std::string, std::vector<std::string>> programs;  // by reason
  for (const TraceProcess& process : trace.processes) {
    if (process.unread_python().empty()) continue;
    programs[Printable(process.unread_python())].push_back(Printable(Basename(process.executable())));
  }
  for (const auto& [reason, names] : programs) {
    notes.push_back(absl::StrCat("no Python code in the stacks of ", TallyOf(names, kExamples), ": ", reason));
  }
}

void AddUnread(const Trace& trace, Notes& notes) {
  absl::flat_hash_map<uint32_t, const TraceModule*> modules;
  for (const TraceModule& module : trace.modules) modules[module.index()] = &module;
  for (const TraceSymbol& symbol : trace.symbols) {
    const auto module = modules.find(symbol.module());
    if (symbol.unread_reason().empty() || module == modules.end()) continue;
    notes.push_back(absl::StrCat("no functions or lines of ", Printable(module->second->path()), ": ",
                                 Printable(symbol.unread_reason())));
  }
}

}  // namespace

std::vector<std::string> NotesOn(const Trace& trace) {
  Notes notes;
  if (trace.end) {
    for (const std::string& note : trace.end->notes()) notes.push_back(Printable(note));
  }
  AddCutShort(trace, notes);
  AddRedacted(trace, notes);
  AddLost(trace, notes);
  AddCorrections(trace, notes);
  AddUnknownOrigins(trace, notes);
  AddUntraced(trace, notes);
  AddNearLimit(trace, notes);
  AddUnreadPython(trace, notes);
  AddUnread(trace, notes);
  if (!AddsUp(trace)) notes.push_back("the counts in the trace do not add up: take them with care, and tell us");
  return notes;
}

bool AddsUp(const Trace& trace) {
  uint64_t still_open = 0;
  for (const TraceSite& site : trace.sites) {
    if (site.opened() != site.closed() + site.still_open()) return false;
    still_open += site.still_open();
  }
  return !trace.end || !trace.damage.empty() || trace.end->still_open() == still_open;
}

}  // namespace fdtrace
