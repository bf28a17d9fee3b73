// Each kind of row becomes a finding by a function of its own.
#include "findings/finding.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "findings/fingerprint.h"
#include "findings/suppression_line.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

// "load_config (config.cc:42)".
std::string At(const Frames& stack, absl::string_view call) {
  const SiteName name = NameOf(stack, call);
  return name.place.empty() ? name.function : absl::StrCat(name.function, " (", name.place, ")");
}

std::string Times(uint32_t count) { return count == 1 ? "" : absl::StrCat(", ", Counted(count, "time")); }

std::string Lower(const std::string& name) { return absl::AsciiStrToLower(name); }

absl::string_view AreOrIs(uint32_t count) { return count == 1 ? "is" : "are"; }

std::string MessageOf(const LeakSite& leak) {
  std::string message =
      absl::StrCat(WithThousands(leak.still_open()), " of ", Counted(leak.opened(), "descriptor"), " opened in ",
                   At(leak.stack(), leak.call()), " ", AreOrIs(leak.still_open()), " still open: ", leak.resource());
  if (leak.verdict() != LeakSite::VERDICT_UNKNOWN) {
    absl::StrAppend(&message, ", ", Lower(LeakSite::Verdict_Name(leak.verdict())));
  }
  return message;
}

std::string MessageOf(const PinnedSite& site) {
  return absl::StrCat(HumanBytes(site.bytes()), " in ", Counted(site.files(), "file"), " without a name, opened in ",
                      At(site.stack(), site.call()), ", ", site.files() == 1 ? "was" : "were", " held to the end");
}

std::string MessageOf(const BadClose& close) {
  const std::string call = close.call().empty() ? "close" : close.call();
  const std::string here = absl::StrCat(" in ", At(close.stack(), call), Times(close.count()));
  const std::string before =
      close.previously_closed_at().empty()
          ? " already"
          : absl::StrCat(" already in ", At(close.previously_closed_at(), close.previous_call()));
  const std::string descriptor = absl::StrCat("descriptor ", close.fd());
  switch (close.kind()) {
    case BadClose::DOUBLE_CLOSE:
      return absl::StrCat(descriptor, ", which was closed", before, ", is closed", here);
    case BadClose::REUSED:
      return absl::StrCat(descriptor, " is missed by ", call, here, ", for it was closed", before,
                          ", by a thread that had closed that number before it was opened anew");
    case BadClose::STREAM_CLOSED_TWICE:
      return absl::StrCat("the stream of ", descriptor, ", which was closed", before, ", is closed", here);
    case BadClose::CLOSED_BENEATH_STREAM:
      return absl::StrCat("the stream of ", descriptor, ", which was closed beneath it", before, ", is closed", here);
    case BadClose::USE_AFTER_CLOSE:
      return absl::StrCat(descriptor, ", which was closed", before, ", is given to ", call, here);
    case BadClose::NEVER_OPENED:
      return absl::StrCat(descriptor, ", which was never opened, is given to ", call, here);
    default:
      return absl::StrCat(descriptor, ", which was not open, is given to ", call, here);
  }
}

// Something was closed twice, in whichever way.
bool IsDoubleClose(BadClose::Kind kind) {
  switch (kind) {
    case BadClose::DOUBLE_CLOSE:
    case BadClose::REUSED:
    case BadClose::STREAM_CLOSED_TWICE:
    case BadClose::CLOSED_BENEATH_STREAM:
      return true;
    default:
      return false;
  }
}

std::string MessageOf(const Failure& failure) {
  std::string message = absl::StrCat(failure.call(), " in ", At(failure.stack(), failure.call()), " failed with ",
                                     failure.error(), Times(failure.count()));
  if (!failure.explanation().empty()) absl::StrAppend(&message, ": ", failure.explanation());
  return message;
}

std::string MessageOf(const Leftover& left) {
  return absl::StrCat(Counted(left.files(), "file"), ", ", HumanBytes(left.bytes()), ", made in ",
                      At(left.created_at(), left.call()), " ", left.files() == 1 ? "was" : "were", " left in ",
                      left.directory(), ": ", left.pattern());
}

std::string MessageOf(const Inherited& row) {
  return absl::StrCat(Counted(row.count(), "descriptor"), " opened in ", At(row.stack(), row.call()), " ",
                      row.count() == 1 ? "was" : "were", " passed on to ", Basename(row.executable()),
                      " for want of CLOEXEC");
}

// DETAIL tells rows apart that have no stack.
template <typename Row>
void Add(absl::string_view kind, int row_number, const Row& row, uint32_t count, absl::string_view detail,
         Report& report) {
  Finding finding;
  finding.set_kind(std::string(kind));
  finding.set_row(static_cast<uint32_t>(row_number));
  const Frames& stack = StackOf(report, finding);
  finding.set_message(MessageOf(row));
  finding.set_fingerprint(Fingerprint(kind, CallOf(report, finding), stack, detail));
  finding.set_count(count);
  finding.set_left(count);
  finding.set_suppression(SuppressionLine(kind, stack));
  *report.add_findings() = std::move(finding);
}

}  // namespace

void AddFindings(Report& report) {
  report.clear_findings();
  for (int i = 0; i < report.leaks_size(); ++i) {
    Add(kLeak, i, report.leaks(i), report.leaks(i).still_open(), report.leaks(i).resource(), report);
  }
  for (int i = 0; i < report.pinned_sites_size(); ++i) {
    Add(kPinned, i, report.pinned_sites(i), report.pinned_sites(i).files(), "", report);
  }
  for (int i = 0; i < report.bad_closes_size(); ++i) {
    Add(kClose, i, report.bad_closes(i), report.bad_closes(i).count(), "", report);
  }
  for (int i = 0; i < report.failures_size(); ++i) {
    Add(kFailure, i, report.failures(i), report.failures(i).count(), report.failures(i).error(), report);
  }
  for (int i = 0; i < report.leftovers_size(); ++i) {
    const Leftover& left = report.leftovers(i);
    if (left.temporary()) Add(kLeftover, i, left, left.files(), left.pattern(), report);
  }
  for (int i = 0; i < report.inherited_size(); ++i) {
    const Inherited& row = report.inherited(i);
    if (!row.from_caller()) Add(kInherited, i, row, row.count(), Basename(row.executable()), report);
  }
}

const Frames& StackOf(const Report& report, const Finding& finding) {
  const int row = static_cast<int>(finding.row());
  if (finding.kind() == kLeak) return report.leaks(row).stack();
  if (finding.kind() == kPinned) return report.pinned_sites(row).stack();
  if (finding.kind() == kClose) return report.bad_closes(row).stack();
  if (finding.kind() == kFailure) return report.failures(row).stack();
  if (finding.kind() == kLeftover) return report.leftovers(row).created_at();
  return report.inherited(row).stack();
}

const std::string& CallOf(const Report& report, const Finding& finding) {
  static const std::string& close = *new std::string("close");
  const int row = static_cast<int>(finding.row());
  if (finding.kind() == kLeak) return report.leaks(row).call();
  if (finding.kind() == kPinned) return report.pinned_sites(row).call();
  if (finding.kind() == kClose) {
    const std::string& call = report.bad_closes(row).call();
    return call.empty() ? close : call;
  }
  if (finding.kind() == kFailure) return report.failures(row).call();
  if (finding.kind() == kLeftover) return report.leftovers(row).call();
  return report.inherited(row).call();
}

std::string RuleOf(const Report& report, const Finding& finding) {
  const int row = static_cast<int>(finding.row());
  if (finding.kind() == kLeak && report.leaks(row).verdict() != LeakSite::VERDICT_UNKNOWN) {
    return Lower(LeakSite::Verdict_Name(report.leaks(row).verdict()));
  }
  if (finding.kind() == kClose && IsDoubleClose(report.bad_closes(row).kind())) return "double-close";
  return finding.kind();
}

}  // namespace fdtrace
