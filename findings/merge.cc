// A key for each kind of row, and what to do with two rows of one key.
#include "findings/merge.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/frames.h"
#include "viewer/leaks.h"
#include "viewer/units.h"
#include "viewer/verdict.h"

namespace fdtrace {
namespace {

template <typename T>
using Rows = google::protobuf::RepeatedPtrField<T>;

// Only damaged recordings have more than fits.
int64_t Sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return a < 0 ? INT64_MIN : INT64_MAX;
  return sum;
}

std::string KeyOf(const Frames& stack) {
  std::string key;
  for (const Frame& frame : stack) absl::StrAppend(&key, "\n", frame.SerializeAsString());
  return key;
}

std::string KeyOf(const ClosedAt& row) { return absl::StrCat(row.collected(), row.call(), KeyOf(row.stack())); }
std::string KeyOf(const OpenedAt& row) { return absl::StrCat(row.call(), KeyOf(row.stack())); }
std::string KeyOf(const LeakSite& row) { return absl::StrCat(row.call(), KeyOf(row.stack())); }
std::string KeyOf(const PinnedSite& row) { return absl::StrCat(row.call(), KeyOf(row.stack())); }
std::string KeyOf(const Collected& row) { return absl::StrCat(row.call(), KeyOf(row.stack())); }
std::string KeyOf(const Test& row) { return row.name(); }
std::string KeyOf(const Failure& row) {
  return absl::StrCat(row.error(), "\n", row.cause(), "\n", row.call(), KeyOf(row.stack()));
}
std::string KeyOf(const BadClose& row) {
  return absl::StrCat(row.kind(), "\n", row.call(), KeyOf(row.stack()), "\n", KeyOf(row.previously_closed_at()), "\n",
                      KeyOf(row.originally_opened_at()));
}
std::string KeyOf(const Leftover& row) {
  return absl::StrCat(row.directory(), "\n", row.pattern(), "\n", row.call(), KeyOf(row.created_at()));
}
std::string KeyOf(const Writer& row) { return absl::StrCat(row.call(), KeyOf(row.stack())); }
std::string KeyOf(const Inherited& row) {
  return absl::StrCat(row.executable(), "\n", row.call(), row.from_caller(), KeyOf(row.stack()));
}

// Moves FROM to the end of TO; a row whose key is there already is given to ADD_UP.
template <typename Row, typename AddUp>
void MergeRows(Rows<Row>& from, Rows<Row>& to, AddUp add_up) {
  absl::flat_hash_map<std::string, int> places;
  for (int i = 0; i < to.size(); ++i) places.emplace(KeyOf(to[i]), i);
  for (Row& row : from) {
    const auto [place, is_new] = places.emplace(KeyOf(row), to.size());
    if (is_new) {
      *to.Add() = std::move(row);
    } else {
      add_up(row, to[place->second]);
    }
  }
}

template <typename Row>
void Append(Rows<Row>& from, Rows<Row>& to) {
  for (Row& row : from) *to.Add() = std::move(row);
}

template <typename Row>
void SortMostFirst(Rows<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.count() > b.count(); });
}

template <typename Place>
void MergePlaces(Rows<Place>& from, Rows<Place>& to) {
  MergeRows(from, to, [](const Place& one, Place& other) { other.set_count(other.count() + one.count()); });
  SortMostFirst(to);
}

void AddUp(LeakSite& from, LeakSite& to) {
  to.set_opened(to.opened() + from.opened());
  to.set_closed(to.closed() + from.closed());
  to.set_still_open(to.still_open() + from.still_open());
  to.set_peak_open(std::max(to.peak_open(), from.peak_open()));
  to.set_pinned_bytes(Sum(to.pinned_bytes(), from.pinned_bytes()));
  to.set_first_opened_ns(std::min(to.first_opened_ns(), from.first_opened_ns()));
  to.set_last_opened_ns(std::max(to.last_opened_ns(), from.last_opened_ns()));
  to.set_verdict(Worse(to.verdict(), from.verdict()));
  if (to.still_open() > 1) to.set_verdict(Worse(to.verdict(), LeakSite::HELD));
  to.clear_curve();
  MergePlaces(*from.mutable_usually_closed_at(), *to.mutable_usually_closed_at());
  MergePlaces(*from.mutable_first_opened_at(), *to.mutable_first_opened_at());
  Append(*from.mutable_descriptors(), *to.mutable_descriptors());
}

template <typename Row>
void AddUpCounts(const Row& from, Row& to) {
  to.set_count(to.count() + from.count());
}

template <typename Row>
void AddUpFiles(const Row& from, Row& to) {
  to.set_files(to.files() + from.files());
  to.set_bytes(Sum(to.bytes(), from.bytes()));
}

void AddUp(Inherited& from, Inherited& to) {
  AddUpCounts(from, to);
  for (const int32_t fd : from.fds()) to.add_fds(fd);
  std::sort(to.mutable_fds()->begin(), to.mutable_fds()->end());
  to.mutable_fds()->erase(std::unique(to.mutable_fds()->begin(), to.mutable_fds()->end()), to.mutable_fds()->end());
}

void MergeRecordings(const Recording& from, Recording& to) {
  to.set_started_at(std::min(to.started_at(), from.started_at()));
  to.set_duration_ns(std::max(to.duration_ns(), from.duration_ns()));
  if (to.exit_status() == 0) {
    to.set_exit_status(from.exit_status());
    to.set_signal(from.signal());
  }
  to.set_complete(to.complete() && from.complete());
  to.set_events(Sum(to.events(), from.events()));
  to.set_events_lost(Sum(to.events_lost(), from.events_lost()));
  to.mutable_corrections()->set_opened_unseen(to.corrections().opened_unseen() + from.corrections().opened_unseen());
  to.mutable_corrections()->set_closed_unseen(to.corrections().closed_unseen() + from.corrections().closed_unseen());
  to.set_opened(to.opened() + from.opened());
  to.set_still_open(to.still_open() + from.still_open());
  for (const std::string& note : from.notes()) {
    if (std::find(to.notes().begin(), to.notes().end(), note) == to.notes().end()) to.add_notes(note);
  }
}

void MergeInto(Report& from, Report& to) {
  MergeRecordings(from.recording(), *to.mutable_recording());
  Append(*from.mutable_processes(), *to.mutable_processes());
  MergeRows(*from.mutable_leaks(), *to.mutable_leaks(), [](LeakSite& a, LeakSite& b) { AddUp(a, b); });
  Append(*from.mutable_pinned_files(), *to.mutable_pinned_files());
  MergeRows(*from.mutable_pinned_sites(), *to.mutable_pinned_sites(), AddUpFiles<PinnedSite>);
  MergeRows(*from.mutable_failures(), *to.mutable_failures(), AddUpCounts<Failure>);
  MergeRows(*from.mutable_bad_closes(), *to.mutable_bad_closes(), AddUpCounts<BadClose>);
  MergeRows(*from.mutable_leftovers(), *to.mutable_leftovers(), [](Leftover& a, Leftover& b) {
    AddUpFiles(a, b);
    b.set_apparent_bytes(Sum(b.apparent_bytes(), a.apparent_bytes()));
  });
  MergeRows(*from.mutable_writers(), *to.mutable_writers(), [](Writer& a, Writer& b) {
    AddUpFiles(a, b);
    b.set_at_least(b.at_least() || a.at_least());
  });
  MergeRows(*from.mutable_inherited(), *to.mutable_inherited(), [](Inherited& a, Inherited& b) { AddUp(a, b); });
  MergeRows(*from.mutable_collected(), *to.mutable_collected(), [](Collected& a, Collected& b) {
    AddUpCounts(a, b);
    b.set_opened(b.opened() + a.opened());
    MergePlaces(*a.mutable_closed_at(), *b.mutable_closed_at());
  });
  MergeRows(*from.mutable_tests(), *to.mutable_tests(), [](Test& a, Test& b) {
    b.set_opened(b.opened() + a.opened());
    b.set_still_open(b.still_open() + a.still_open());
  });
  Append(*from.mutable_sources(), *to.mutable_sources());
}

// Which rows of leaks a test's descriptors are in, anew.
void NumberLeaksOfTests(Report& report) {
  std::map<std::string, Test*> tests;
  for (Test& test : *report.mutable_tests()) {
    test.clear_leaks();
    tests[test.name()] = &test;
  }
  for (int row = 0; row < report.leaks_size(); ++row) {
    for (const Descriptor& descriptor : report.leaks(row).descriptors()) {
      const auto test = tests.find(descriptor.test());
      if (descriptor.test().empty() || test == tests.end()) continue;
      auto& leaks = *test->second->mutable_leaks();
      const auto number = static_cast<uint32_t>(row);
      if (leaks.empty() || leaks[leaks.size() - 1] != number) leaks.Add(number);
    }
  }
  std::stable_sort(report.mutable_tests()->begin(), report.mutable_tests()->end(),
                   [](const Test& a, const Test& b) { return a.still_open() > b.still_open(); });
}

void TellWhatWasMerged(const std::vector<std::string>& told, Report& report) {
  constexpr size_t kMost = 10;
  std::string note = absl::StrCat(Counted(told.size(), "recording"), " were merged, each with times of its own: ");
  absl::StrAppend(&note,
                  absl::StrJoin(told.begin(), told.begin() + static_cast<long>(std::min(told.size(), kMost)), "; "));
  if (told.size() > kMost) absl::StrAppend(&note, "; and ", told.size() - kMost, " more");
  report.mutable_recording()->add_notes(note);
}

std::string Told(const Recording& recording) {
  return absl::StrCat(absl::StrJoin(recording.command(), " "), " ended with status ", recording.exit_status());
}

}  // namespace

Report Merge(std::vector<Report> reports) {
  Report merged = std::move(reports.front());
  if (reports.size() == 1) return merged;
  std::vector<std::string> told = {Told(merged.recording())};
  for (size_t i = 1; i < reports.size(); ++i) {
    told.push_back(Told(reports[i].recording()));
    MergeInto(reports[i], merged);
  }
  for (LeakSite& leak : *merged.mutable_leaks()) leak.clear_curve();
  merged.clear_timeline();
  merged.clear_pinned_filesystems();
  merged.clear_findings();
  merged.clear_suppressions();
  merged.clear_rules();
  std::stable_sort(merged.mutable_leaks()->begin(), merged.mutable_leaks()->end(), RanksBefore);
  const auto most_bytes = [](const auto& a, const auto& b) { return a.bytes() > b.bytes(); };
  std::stable_sort(merged.mutable_pinned_files()->begin(), merged.mutable_pinned_files()->end(), most_bytes);
  std::stable_sort(merged.mutable_pinned_sites()->begin(), merged.mutable_pinned_sites()->end(), most_bytes);
  std::stable_sort(merged.mutable_leftovers()->begin(), merged.mutable_leftovers()->end(), most_bytes);
  std::stable_sort(merged.mutable_writers()->begin(), merged.mutable_writers()->end(), most_bytes);
  SortMostFirst(*merged.mutable_collected());
  SortMostFirst(*merged.mutable_inherited());
  NumberLeaksOfTests(merged);
  TellWhatWasMerged(told, merged);
  return merged;
}

}  // namespace fdtrace
