#include "cli/output_name.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/output_file.h"

namespace fdtrace {

std::string ExpandOutputName(absl::string_view name, const NamedRecording& recording) {
  std::string expanded;
  for (size_t at = 0; at < name.size(); ++at) {
    const char what = name[at] == '%' && at + 1 < name.size() ? name[at + 1] : '\0';
    if (what == 'p') {
      absl::StrAppend(&expanded, recording.pid);
    } else if (what == 't') {
      expanded +=
          absl::FormatTime("%Y%m%dT%H%M%SZ", absl::FromUnixNanos(recording.started_unix_ns), absl::UTCTimeZone());
    } else if (what == 'n') {
      expanded += NameForFile(recording.program);
    } else if (what == '%') {
      expanded += '%';
    } else {
      expanded += name[at];
      continue;
    }
    ++at;
  }
  return expanded;
}

RunOptions NameOutputs(RunOptions options, const NamedRecording& recording) {
  options.trace = options.trace.empty() ? DefaultTraceName(recording.program, recording.pid)
                                        : ExpandOutputName(options.trace, recording);
  for (ReportFile& report : options.reports) report.path = ExpandOutputName(report.path, recording);
  return options;
}

absl::Status CheckOutputs(const RunOptions& options) {
  std::vector<std::string> paths = {options.trace};
  for (const ReportFile& file : options.reports) paths.push_back(file.path);
  for (size_t at = 0; at < paths.size(); ++at) {
    for (size_t earlier = 0; earlier < at; ++earlier) {
      if (!SameFile(paths[earlier], paths[at])) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("cannot write ", paths[at], ": it is asked for twice; name another file"));
    }
    if (const absl::Status status = CheckWritable(paths[at]); !status.ok()) {
      return absl::Status(
          status.code(), absl::StrCat(status.message(), "; name another place with ", at == 0 ? "-o FILE" : "-r FILE"));
    }
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
