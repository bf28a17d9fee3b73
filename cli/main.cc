// fdtrace: which code leaks file descriptors? See options.h for the command line, run.h, start.h,
// stop.h and report.h for what it does.
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/diff.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/start.h"
#include "cli/stop.h"

namespace fdtrace {
namespace {

int Do(const RunOptions& options) { return Run(options); }
int Do(const StartOptions& options) { return Start(options); }
int Do(const StopOptions& options) { return Stop(options); }
int Do(const ReportOptions& options) { return ShowReport(options); }
int Do(const MergeOptions& options) { return ShowMerged(options); }
int Do(const DiffOptions& options) { return ShowDiff(options); }
int Do(const Answer& answer) {
  return fputs(answer.text.c_str(), stdout) < 0 || fflush(stdout) != 0 ? kExitFailed : EXIT_SUCCESS;
}

}  // namespace
}  // namespace fdtrace

int main(int argc, char** argv) try {
  mallopt(M_ARENA_MAX, 1);  // a thread's own grows page by page
  fdtrace::FillStandardDescriptors();
  const auto options = fdtrace::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) return fdtrace::Complain(options.status());
  const int status = std::visit([](const auto& command) { return fdtrace::Do(command); }, *options);
  std::quick_exit(status);  // whoever writes to stdout flushes it; what libraries would take apart yet is memory
} catch (const std::exception& exception) {  // out of memory, most likely
  fprintf(stderr, "fdtrace: failed: %s\n", exception.what());
  return fdtrace::kExitFailed;
}
