#include "findings/stored_report.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "findings/whole_file.h"
#include "google/protobuf/util/json_util.h"
#include "viewer/report_builder.h"
#include "viewer/trace.h"

namespace fdtrace {

absl::StatusOr<Report> ReadStoredReport(const std::string& path) {
  const auto bytes = ReadWhole(path);
  if (!bytes.ok()) return bytes.status();
  const size_t first = bytes->find_first_not_of(" \t\r\n");
  if (first == bytes->npos || (*bytes)[first] != '{') {
    const auto trace = ReadTrace(path);
    if (!trace.ok()) return trace.status();
    return BuildReport(*trace);
  }
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  Report report;
  const auto read = google::protobuf::util::JsonStringToMessage(*bytes, &report, options);
  if (!read.ok() || !report.has_recording()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot read ", path, ": it is no JSON report of fdtrace",
        read.ok() ? "" : absl::StrCat(" (", std::string(read.message().substr(0, read.message().find('\n'))), ")"),
        "; make one with fdtrace -r json:FILE -- PROGRAM"));
  }
  return report;
}

}  // namespace fdtrace
