#include "cli/diff.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cli/console.h"
#include "cli/output_file.h"
#include "findings/diff.h"
#include "findings/stored_report.h"
#include "viewer/json.h"

namespace fdtrace {
namespace {

absl::StatusOr<std::string> Render(const Diff& diff, DiffFormat format, bool colours) {
  switch (format) {
    case DiffFormat::kText:
      return RenderDiffText(diff, colours);
    case DiffFormat::kJson:
      return RenderJson(diff);
    case DiffFormat::kMarkdown:
      return RenderDiffMarkdown(diff);
  }
  return absl::InternalError("cannot render a format that is not in the table");
}

bool IsWorse(const Change& change) { return change.state() == Change::NEW || change.state() == Change::GROWN; }

}  // namespace

int ShowDiff(const DiffOptions& options) {
  auto base = ReadStoredReport(options.base);
  if (!base.ok()) return Complain(base.status());
  auto now = ReadStoredReport(options.now);
  if (!now.ok()) return Complain(now.status());
  Diff diff = Compare(*std::move(base), *std::move(now));
  diff.set_base(options.base);
  diff.set_now(options.now);
  const bool to_stdout = options.output.empty();
  const auto text = Render(diff, options.format, to_stdout && ColoursOn(STDOUT_FILENO));
  if (!text.ok()) return Complain(text.status());
  const absl::Status written = to_stdout ? WriteToStdout(*text) : WriteWhole(options.output, *text);
  if (!written.ok()) return Complain(written);
  const bool worse = std::any_of(diff.changes().begin(), diff.changes().end(), IsWorse);
  return worse ? options.error_exitcode : EXIT_SUCCESS;
}

}  // namespace fdtrace
