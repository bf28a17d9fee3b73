#include "collector/wrong_closes.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

// All that close have it in their names, but for these.
bool Closes(absl::string_view function) {
  return absl::StrContains(function, "close") || absl::EndsWith(function, "endmntent");
}

// Shells copy a number by it to learn whether it is open, which is no use of it.
bool Asks(absl::string_view function) { return absl::StrContains(function, "fcntl"); }

// They close an object together with its descriptor.
bool ClosesStream(absl::string_view function) {
  constexpr std::array<absl::string_view, 5> kOthers = {"close", "__close", "closefrom", "close_range", "mq_close"};
  return Closes(function) && std::find(kOthers.begin(), kOthers.end(), function) == kOthers.end();
}

bool MakesStream(absl::string_view function) {
  for (const absl::string_view part : {"fopen", "popen", "tmpfile", "freopen", "opendir", "setmntent", "fts", "_IO_"}) {
    if (absl::StrContains(function, part)) return true;
  }
  return false;
}

TraceBadClose::Kind KindOf(WrongClose::What what, const TraceBadClose& close) {
  const std::string& call = close.at().function();
  switch (what) {
    case WrongClose::kNeverOpened:
      return TraceBadClose::NEVER_OPENED;
    case WrongClose::kStreamAgain:
      return TraceBadClose::STREAM_CLOSED_TWICE;
    case WrongClose::kClosedByAnother:
      return TraceBadClose::REUSED;
    case WrongClose::kClosedBefore:
      break;
  }
  if (!Closes(call)) return TraceBadClose::USE_AFTER_CLOSE;
  const bool beneath = ClosesStream(call) && !ClosesStream(close.previously_closed_at().function()) &&
                       MakesStream(close.originally_opened_at().function());
  return beneath ? TraceBadClose::CLOSED_BENEATH_STREAM : TraceBadClose::DOUBLE_CLOSE;
}

}  // namespace

void WrongCloses::Row::Add(const Row& other) {
  if (count == 0 || other.first.at_ns < first.at_ns) first = other.first;
  count += other.count;
}

void WrongCloses::Count(const WrongClose& one) {
  rows_[{one.what, one.at, one.previously_closed_at, one.originally_opened_at}].Add({.first = one, .count = 1});
}

void WrongCloses::Add(const WrongCloses& others, uint32_t process) {
  for (auto [key, row] : others.rows_) {
    row.first.process = process;
    rows_[key].Add(row);
  }
}

void WrongCloses::KeepOnlyStreams() {
  std::erase_if(rows_, [](const auto& entry) { return entry.second.first.what != WrongClose::kStreamAgain; });
}

void WrongCloses::ForgetNeverOpened() {
  std::erase_if(rows_, [](const auto& entry) { return entry.second.first.what == WrongClose::kNeverOpened; });
}

absl::Status WrongCloses::Write(const Sites& sites, TraceWriter& writer) const {
  // Places may have been joined since they were counted. Where it was opened does not tell two rows apart.
  const auto find = [&](uint32_t place) { return place == 0 ? 0 : sites.Find(place); };
  std::map<std::tuple<WrongClose::What, uint32_t, uint32_t>, Row> joined;
  for (const auto& [key, row] : rows_) {
    const WrongClose& first = row.first;
    joined[{first.what, find(first.at), find(first.previously_closed_at)}].Add(row);
  }
  std::vector<const Row*> in_time;
  in_time.reserve(joined.size());
  for (const auto& [key, row] : joined) in_time.push_back(&row);
  std::stable_sort(in_time.begin(), in_time.end(),
                   [](const Row* a, const Row* b) { return a->first.at_ns < b->first.at_ns; });
  for (const Row* const row : in_time) {
    const WrongClose& first = row->first;
    TraceRecord record;
    TraceBadClose& close = *record.mutable_bad_close();
    close.set_fd(first.fd);
    *close.mutable_at() = sites.ToTrace(first.at, row->count);
    if (Asks(close.at().function())) continue;
    if (first.previously_closed_at != 0) {
      *close.mutable_previously_closed_at() = sites.ToTrace(first.previously_closed_at, 1);
    }
    if (first.originally_opened_at != 0) {
      *close.mutable_originally_opened_at() = sites.ToTrace(first.originally_opened_at, 1);
    }
    close.set_kind(KindOf(first.what, close));
    close.set_process(first.process);
    close.set_first_ns(first.at_ns);
    close.set_thread(first.thread.name.data());
    close.set_tid(first.thread.tid);
    close.set_previous_thread(first.previous_thread.name.data());
    close.set_previous_tid(first.previous_thread.tid);
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
