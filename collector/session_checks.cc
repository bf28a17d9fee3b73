#include "collector/session_checks.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "collector/descriptions.h"
#include "collector/monotonic_clock.h"

namespace fdtrace {
namespace {

constexpr int64_t kLookAgainNs = 1'000'000;  // time for threads to get out of their calls

}  // namespace

uint64_t Checks::SinceStart() const { return static_cast<uint64_t>(MonotonicNs() - started_ns_); }

void Checks::BeforeExit(TracedImage& image) {
  if (image.exit_look_again_ns > MonotonicNs()) return;
  const uint32_t wanted = image.ExitsWanted();
  if (!Compare(image, /*waits=*/true)) {
    image.exit_look_again_ns = MonotonicNs() + kLookAgainNs;
    return;
  }
  image.exit_look_again_ns = 0;
  image.AnswerExits(wanted);
}

// Compares the model with /proc, all events read before. False: they differ, but that may pass: look again.
// WAITS: the thread that announced the exit does nothing meanwhile.
bool Checks::Compare(TracedImage& image, bool waits) {
  const uint64_t began_ns = SinceStart();
  const auto process = ProcessDirectory::OpenByAnyThread(image.pid());
  auto numbers = process.ok() ? process->Numbers() : process.status();
  reader_.ReadAll(image);
  if (!numbers.ok()) {
    if (process.ok() && process->Lives()) notes_.NotLookedAt(image.pid(), numbers.status());
    return true;
  }
  const bool may_change = !waits || process->Threads() > 1;
  if (!image.numbers.Settle(*numbers, model_.OpenNumbers(image.serial()), may_change)) return false;
  const auto seen =
      DescribeDescriptors(*process, *numbers, model_.UntoldNumbers(image.serial()), processes_.Pids(), pipes_);
  if (!seen.ok() || !process->Lives()) return true;  // killed while it waited: the listing may be of what was left over
  model_.Compare(image.serial(), *seen, SinceStart());
  const auto mappings = waits ? SessionFiles::Mappings::kIfTheyMayMatter : SessionFiles::Mappings::kAlways;
  files_.Tell(image, *process, *seen, mappings, began_ns);
  image.compared = true;
  return true;
}

void Checks::Executions() {
  for (const uint32_t serial : executions_.TakeDue(SinceStart())) {
    TracedImage* const image = processes_.BySerial(serial);
    if (image != nullptr && !image->executing.empty()) Execution(*image, /*for_the_last_time=*/false);
  }
}

void Checks::Execution(TracedImage& image, bool for_the_last_time) {
  const auto process = ProcessDirectory::OpenByAnyThread(image.pid());
  if (!process.ok() || !process->Lives()) return;  // its end will tell
  const TracedImage::Execution execution = image.executing.back();
  auto program = LookAtProgram(*process, execution.program.path, variable_);
  reader_.ReadAll(image);
  if (image.executing.empty()) return;  // it failed
  const uint64_t now_ns = SinceStart();
  const uint64_t passed_ns = now_ns - std::min(execution.at_ns, now_ns);
  if (!program.has_value() && passed_ns >= ExecutionsToLookAt::kGiveUpNs) return image.executing.clear();
  const bool may_say_hello = program.has_value() && program->reason.empty() && !for_the_last_time &&
                             passed_ns < ExecutionsToLookAt::kLoadingLimitNs;
  if (!program.has_value() || may_say_hello) return executions_.LookAgain(image.serial(), execution.at_ns, now_ns);
  if (program->reason.empty()) {
    program->reason = passed_ns < ExecutionsToLookAt::kLoadingLimitNs
                          ? absl::StrCat(program->executable, " was still being loaded when recording ended")
                          : NeverReported(program->executable);
  }
  BecomeUntraced(image, *process, *std::move(program));
}

void Checks::BecomeUntraced(TracedImage& image, const ProcessDirectory& process, UntracedProgram program,
                            int except_fd) {
  const uint64_t began_ns = SinceStart();
  auto numbers = process.Numbers();
  if (numbers.ok()) {
    std::erase(*numbers, except_fd);
    auto seen = DescribeDescriptors(process, *numbers, /*untold=*/{}, processes_.Pids(), pipes_);
    if (seen.ok()) SeeWhichWrite(process, *seen);
    if (seen.ok() && process.Lives()) program.present = *std::move(seen);
  }
  image.executing.clear();
  image.untraced = true;
  model_.BecameUntraced(image.serial(), program);
  if (program.present.has_value()) {
    files_.Tell(image, process, *program.present, SessionFiles::Mappings::kAlways, began_ns);
  }
}

int64_t Checks::NextExecutionNs() {
  const uint64_t next_ns = executions_.Next([this](uint32_t serial) {
    const TracedImage* const image = processes_.BySerial(serial);
    return image != nullptr && !image->executing.empty();
  });
  return next_ns == kNever ? INT64_MAX : started_ns_ + static_cast<int64_t>(next_ns);
}

// Those that go on without us: what they hold now is what the recording says they held.
void Checks::Everybody() {
  std::vector<TracedImage*> open;
  for (TracedImage* const image : processes_.All()) {
    if (!image->executing.empty()) Execution(*image, /*for_the_last_time=*/true);
    if (image->untraced) {
      files_.LookForTheLastTime(*image);
    } else {
      open.push_back(image);
    }
  }
  while (!open.empty()) {
    std::erase_if(open, [this](TracedImage* image) { return Compare(*image, /*waits=*/false); });
    if (!open.empty()) usleep(kLookAgainNs / 1000);
  }
}

}  // namespace fdtrace
