#include "collector/passed_descriptors.h"

#include <algorithm>

namespace fdtrace {
namespace {

// What was received is of the kind that was sent.
void LearnResource(const Receipt& receipt, Sites& sites) {
  if (receipt.place == 0 || receipt.first_place == 0) return;
  const Site* const first = sites.Known(receipt.first_place);
  Site& site = sites.At(receipt.place);
  if (site.resource == RESOURCE_UNKNOWN && first != nullptr) site.resource = first->resource;
}

// Splits off those that came until then, in the order of their times.
template <typename T, typename TimeOf>
std::vector<T> SplitOff(std::vector<T>& all, uint64_t until_ns, const TimeOf& time_of) {
  std::stable_sort(all.begin(), all.end(), [&](const T& a, const T& b) { return time_of(a) < time_of(b); });
  const auto end = std::find_if(all.begin(), all.end(), [&](const T& element) { return time_of(element) > until_ns; });
  std::vector<T> split(std::make_move_iterator(all.begin()), std::make_move_iterator(end));
  all.erase(all.begin(), end);
  return split;
}

}  // namespace

void PassedDescriptors::Candidates::Add(uint32_t place, uint64_t at_ns) {
  if (all_.size() == kMaxOfOneFile) all_.pop_front();
  all_.push_back({.place = place, .at_ns = at_ns});
}

uint32_t PassedDescriptors::Candidates::Take(uint64_t at_ns, const Sites& sites) {
  if (all_.empty()) return 0;
  const One first = all_.front();
  const bool one_message = all_.back().at_ns == first.at_ns;
  const bool one_place = std::all_of(all_.begin(), all_.end(), [&](const One& one) {
    return one.place != 0 && sites.Find(one.place) == sites.Find(first.place);
  });
  const bool in_time = all_.back().at_ns <= at_ns;  // one that is read so late may be of an earlier send
  all_.pop_front();
  if (in_time && (one_message || one_place)) return first.place;
  for (One& one : all_) one.place = 0;  // which of them this was, is not known
  return 0;
}

void PassedDescriptors::Join(Passed& passed, uint64_t until_ns, Sites& sites) {
  const std::vector<Sending> sent = SplitOff(passed.sent, until_ns, [](const Sending& one) { return one.at_ns; });
  const auto received = SplitOff(passed.received, until_ns, [](const auto& one) { return one->at_ns; });
  absl::flat_hash_map<uint64_t, const Receipt*> by_id;  // what was received may be sent on
  auto next = sent.begin();
  const auto send_until = [&](uint64_t at_ns) {
    for (; next != sent.end() && next->at_ns <= at_ns; ++next) {
      const auto found = by_id.find(next->id);
      const Receipt* const receipt = found != by_id.end() ? found->second : next->receipt.get();
      const bool first_is_known = receipt != nullptr && receipt->first_place != 0;
      passed.candidates.Add(first_is_known ? receipt->first_place : next->place, next->at_ns);
    }
  };
  for (const auto& receipt : received) {
    send_until(receipt->at_ns);
    receipt->first_place = passed.candidates.Take(receipt->at_ns, sites);
    LearnResource(*receipt, sites);
    by_id[receipt->id] = receipt.get();
  }
  send_until(until_ns);
}

// Half of what waits.
void PassedDescriptors::JoinSome(Passed& passed, Sites& sites) {
  std::vector<uint64_t> times;
  for (const Sending& sending : passed.sent) times.push_back(sending.at_ns);
  for (const auto& receipt : passed.received) times.push_back(receipt->at_ns);
  if (times.size() <= kMaxOfOneFile) return;
  const auto middle = times.begin() + kMaxOfOneFile / 2;
  std::nth_element(times.begin(), middle, times.end());
  Join(passed, *middle, sites);
}

PassedDescriptors::Passed& PassedDescriptors::Of(const File& file, Sites& sites) {
  const auto it = files_.find(file);
  if (it != files_.end()) return it->second;
  if (files_.size() >= kMaxFiles) {
    const auto first = files_.find(oldest_.front());
    Join(first->second, UINT64_MAX, sites);
    files_.erase(first);
    oldest_.pop_front();
  }
  oldest_.push_back(file);
  return files_[file];
}

void PassedDescriptors::Send(const File& file, Sending sending, Sites& sites) {
  Passed& passed = Of(file, sites);
  passed.sent.push_back(std::move(sending));
  JoinSome(passed, sites);
}

std::shared_ptr<const Receipt> PassedDescriptors::Receive(const File& file, const Receipt& received, Sites& sites) {
  Passed& passed = Of(file, sites);
  auto receipt = std::make_shared<Receipt>(received);
  passed.received.push_back(receipt);
  JoinSome(passed, sites);
  return receipt;
}

void PassedDescriptors::Finish(Sites& sites) {
  for (auto& [file, passed] : files_) Join(passed, UINT64_MAX, sites);
}

}  // namespace fdtrace
