#include "collector/closed_numbers.h"

#include <algorithm>
#include <utility>

#include "collector/lifetime.h"

namespace fdtrace {
namespace {

// The closer had closed the number before and closed it again when another thread had opened something else under it,
// which then failed to use or close what was its own.
bool ClosedByAnother(const NumberUse& last, const NumberUse* elder, const CallOnClosed& call) {
  if (elder == nullptr || elder->closed_at == 0 || elder->closer.tid == 0) return false;
  const bool owner_failed = last.opener != 0 && last.opener == call.thread.tid;
  const bool same_closer = last.closer.tid == elder->closer.tid && last.closer.tid != last.opener;
  const bool other_opener = elder->opener != last.opener && elder->opened_at != last.opened_at;
  return owner_failed && same_closer && other_opener;
}

}  // namespace

ClosedNumbers::ClosedNumbers(const Image& image, const Openers& openers, const Had& had)
    : knows_what_it_had_(had.has_value()) {
  for (const SeenDescriptor& seen : image.present) {
    if (seen.fd < 0) continue;
    const auto opener = openers.find(seen.fd);
    numbers_[seen.fd].Given(opener == openers.end() ? 0 : opener->second.place);
  }
  for (const int fd : had.value_or(std::vector<int>())) {
    if (const auto [it, is_new] = numbers_.try_emplace(fd); is_new) it->second.MayHaveHad();
  }
}

ClosedNumbers::Had ClosedNumbers::ToChild() const {
  if (!knows_what_it_had_) return std::nullopt;
  std::vector<int> had;
  had.reserve(numbers_.size());
  for (const auto& [fd, history] : numbers_) had.push_back(fd);
  return had;
}

// What happened at a time is new to those that failed after it.
template <typename Amend>
void ClosedNumbers::AmendWaiting(int fd, uint64_t at_ns, Amend amend) {
  if (waiting_.empty()) return;
  const auto it = waiting_.find(fd);
  if (it == waiting_.end()) return;
  for (auto waiting = it->second.rbegin(); waiting != it->second.rend() && waiting->call.at_ns >= at_ns; ++waiting) {
    amend(waiting->history);
  }
}

void ClosedNumbers::Open(int fd, const NumberOpening& opening) {
  numbers_[fd].Open(opening);
  AmendWaiting(fd, opening.at_ns, [&](NumberHistory& history) { history.Open(opening); });
}

void ClosedNumbers::Close(int fd, const NumberClosing& closing) {
  numbers_[fd].Close(closing);
  AmendWaiting(fd, closing.at_ns, [&](NumberHistory& history) { history.Close(closing); });
}

void ClosedNumbers::CloseRange(uint32_t first, uint32_t last, const NumberClosing& closing) {
  for (auto& [fd, history] : numbers_) {
    const auto number = static_cast<uint32_t>(fd);
    if (number < first || number > last || !history.HasGiven()) continue;
    history.Close(closing);
    AmendWaiting(fd, closing.at_ns, [&](NumberHistory& waiting) { waiting.Close(closing); });
  }
}

void ClosedNumbers::SeenOpen(int fd, uint64_t at_ns) {
  if (fd < 0) return;
  numbers_[fd].SeenOpen(at_ns);
  AmendWaiting(fd, at_ns, [&](NumberHistory& history) { history.SeenOpen(at_ns); });
}

int ClosedNumbers::NumberOf(uint64_t id) const {
  for (const auto& [fd, history] : numbers_) {
    if (history.Find(id) != nullptr) return fd;
  }
  return -1;
}

void ClosedNumbers::Fail(int fd, uint32_t ring, const CallOnClosed& call) {
  if (fd < 0 && call.stream_again) fd = NumberOf(call.id);
  if (fd < 0 && !call.stream_again) return;
  Waiting waiting = {.call = call, .order = told_++, .history = {}};
  if (const auto it = numbers_.find(fd); it != numbers_.end()) waiting.history = it->second;
  std::vector<Waiting>& all = waiting_[fd];
  const auto later = std::upper_bound(all.begin(), all.end(), call.at_ns,
                                      [](uint64_t at_ns, const Waiting& other) { return at_ns < other.call.at_ns; });
  std::array<Latest, 2>& latest = latest_[ring];
  latest = {latest[1], Latest{.fd = fd, .order = waiting.order}};
  all.insert(later, std::move(waiting));
  if (++waiting_count_ > kMaxWaiting) DecideBefore(told_ - kMaxWaiting / 2);
}

void ClosedNumbers::Swept(uint32_t ring) {
  for (const Latest& latest : std::exchange(latest_[ring], {})) {
    const auto it = waiting_.find(latest.fd);
    if (it == waiting_.end()) continue;
    waiting_count_ -= std::erase_if(it->second, [&](const Waiting& one) { return one.order == latest.order; });
    if (it->second.empty()) waiting_.erase(it);
  }
}

void ClosedNumbers::DecideBefore(uint64_t order) {
  absl::erase_if(waiting_, [&](auto& entry) {
    auto& [fd, all] = entry;
    waiting_count_ -= std::erase_if(all, [&, number = fd](const Waiting& one) {
      if (one.order >= order) return false;
      Decide(number, one);
      return true;
    });
    return all.empty();
  });
}

void ClosedNumbers::Decide(int fd, const Waiting& waiting) {
  WrongClose one;
  one.at = waiting.call.place;
  one.fd = fd;
  one.at_ns = waiting.call.at_ns;
  one.thread = waiting.call.thread;
  if (waiting.call.stream_again) {
    DecideStreamAgain(waiting, one);
  } else {
    DecideNotOpen(waiting, one);
  }
}

void ClosedNumbers::DecideStreamAgain(const Waiting& waiting, WrongClose& one) {
  one.what = WrongClose::kStreamAgain;
  if (const NumberUse* const use = waiting.history.Find(waiting.call.id)) {
    one.originally_opened_at = use->opened_at;
    one.previously_closed_at = use->closed_at;
    one.previous_thread = use->closer;
  }
  decided_.Count(one);
}

void ClosedNumbers::DecideNotOpen(const Waiting& waiting, WrongClose& one) {
  const CallOnClosed& call = waiting.call;
  const NumberHistory::Before before = waiting.history.At(call.at_ns);
  if (before.last == nullptr) {
    one.what = WrongClose::kNeverOpened;
    if (before.never_open && knows_what_it_had_ && one.fd > kLastStandardNumber) decided_.Count(one);
    return;
  }
  const NumberUse& last = *before.last;
  if (last.closed_at == 0 || last.closed_ns > call.at_ns || waiting.history.SeenOpenSince(last.closed_ns)) return;
  // A close is told beforehand: this is the one that failed, and who closed the descriptor is not known.
  const bool is_itself = call.id != 0 && last.id == call.id && last.closed_at == call.place;
  if (is_itself && last.closer.tid == call.thread.tid) return;
  const NumberUse* const opened = last.opened_at == 0 ? waiting.history.Find(call.id) : &last;
  one.what = ClosedByAnother(last, before.elder, call) ? WrongClose::kClosedByAnother : WrongClose::kClosedBefore;
  one.previously_closed_at = last.closed_at;
  one.previous_thread = last.closer;
  if (opened != nullptr) one.originally_opened_at = opened->opened_at;
  decided_.Count(one);
}

WrongCloses ClosedNumbers::Settle(Missed missed) {
  DecideBefore(UINT64_MAX);
  if (missed.events) decided_.KeepOnlyStreams();
  if (missed.openings) decided_.ForgetNeverOpened();
  return std::exchange(decided_, {});
}

}  // namespace fdtrace
