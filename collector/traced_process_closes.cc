// What a process closes, and what it takes for open that is not.
#include <cerrno>
#include <optional>
#include <utility>

#include "collector/traced_process.h"

namespace fdtrace {

bool TracedProcess::Count(const Closed& closed, uint64_t at_ns, const ThreadLabel& thread) {
  const uint64_t id = closed.id();
  if (!IsLifetimeId(id) || closed.fd() < 0) return false;
  const bool first = !std::exchange(image_->told_anything, true);
  Ending ending = {at_ns, image_->PlaceOf(closed, recording_.sites)};
  if (closed.has_file()) ending.file = FactsOf(closed.file());
  ending.kept_to_the_end = closed.kept_to_the_end();
  numbers_.Close(closed.fd(),
                 {.id = id, .at_ns = at_ns, .place = ending.closer, .thread = thread, .own = id != 0 && IsOwn(id)});
  if (id != 0 && held_.Close(id, ending)) return true;
  if (id != 0 && IsOwn(id)) {
    // Its Opened is still to come, and will find no elder: that had ended before.
    held_.MakeRoom(closed.fd(), at_ns, std::nullopt, /*came_upon=*/false);
    parked_.Park(
        id, {.at_ns = at_ns, .closer = ending.closer, .file = ending.file, .kept_to_the_end = ending.kept_to_the_end});
  } else if (!held_.CloseElder(closed.fd(), ending) && id == 0 && !first) {
    // Without an id it is told after the real close: of the first event's descriptor, /proc showed nothing any more.
    totals_.set_opened_unseen(totals_.opened_unseen() + 1);
  }
  return true;
}

bool TracedProcess::Count(const ClosedRange& range, uint64_t at_ns, const ThreadLabel& thread) {
  if (range.first() > range.last()) return false;
  image_->told_anything = true;
  const uint32_t place = image_->PlaceOf(range, recording_.sites);
  held_.CloseElders(range.first(), range.last(), {at_ns, place});
  numbers_.CloseRange(range.first(), range.last(), {.at_ns = at_ns, .place = place, .thread = thread});
  return true;
}

bool TracedProcess::CountNotOpen(const Failed& failed, uint64_t at_ns, uint32_t ring) {
  if (!IsLifetimeId(failed.id())) return false;
  if (failed.sweep()) numbers_.Swept(ring);
  if (failed.sweep() || (failed.error() != EBADF && !failed.stream_again())) return true;
  numbers_.Fail(failed.fd() > 0 ? failed.fd() - 1 : -1, ring,
                {.at_ns = at_ns,
                 .id = failed.id(),
                 .place = image_->PlaceOf(failed, recording_.sites),
                 .thread = image_->WriterOf(ring),
                 .stream_again = failed.stream_again()});
  return true;
}

void TracedProcess::SettleNumbers() {
  WrongCloses wrong =
      numbers_.Settle({.events = image_->lost() != 0 || damaged_ != 0, .openings = totals_.opened_unseen() != 0});
  recording_.wrong_closes.Add(wrong, totals_.serial());
}

}  // namespace fdtrace
