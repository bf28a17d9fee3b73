#include "viewer/failures.h"

#include <string.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "viewer/count.h"
#include "viewer/explanations.h"
#include "viewer/places.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

std::string NameOfError(const TraceFailure& failure) {
  if (failure.cause() == TraceFailure::FD_SET_SIZE) return "FD_SETSIZE";
  if (failure.by_signal()) return "SIGBUS";
  const int32_t error = failure.error();
  const char* const name = strerrorname_np(error);
  return name == nullptr ? absl::StrCat("error ", error) : name;
}

// A later version may know more of them.
Failure::Cause Shown(TraceFailure::Cause cause) {
  return Failure::Cause_IsValid(cause) ? static_cast<Failure::Cause>(cause) : Failure::CAUSE_UNKNOWN;
}
static_assert(static_cast<int>(Failure::RESERVED_BLOCKS) == TraceFailure::RESERVED_BLOCKS);
static_assert(static_cast<int>(Failure::FD_SET_SIZE) == TraceFailure::FD_SET_SIZE);
static_assert(static_cast<int>(Failure::BLOCKS) == TraceFailure::BLOCKS);

Filesystem ShownFilesystem(const TraceFailure& failure) {
  const FilesystemState& state = failure.filesystem();
  Filesystem shown;
  shown.set_mount(Printable(failure.mount()));
  shown.set_type(Printable(failure.type()));
  shown.set_block_bytes(Signed(state.block_bytes()));
  shown.set_blocks_total(Signed(state.blocks()));
  shown.set_blocks_free(Signed(state.blocks_free()));
  shown.set_blocks_reserved(Signed(state.blocks_free() - std::min(state.blocks_available(), state.blocks_free())));
  shown.set_inodes_total(Signed(state.inodes()));
  shown.set_inodes_free(Signed(state.inodes_free()));
  shown.set_pinned_bytes(Signed(failure.pinned_bytes()));
  shown.set_pinned_files(Count(failure.pinned_files()));
  return shown;
}

void AddBlamed(const TraceFailure& failure, ShownStacks& stacks, Failure& shown) {
  std::map<CallAndStack, TraceBlame> sums;
  for (const TraceBlame& blame : failure.blamed()) {
    const auto [it, is_new] = sums.try_emplace(KeyOf(blame.at(), stacks), blame);
    if (is_new) continue;
    TraceBlame& sum = it->second;
    sum.mutable_at()->set_count(sum.at().count() + blame.at().count());
    sum.set_bytes(sum.bytes() + blame.bytes());
    sum.set_pinned_bytes(sum.pinned_bytes() + blame.pinned_bytes());
    sum.set_pinned_files(sum.pinned_files() + blame.pinned_files());
  }
  for (const auto& [key, sum] : sums) {
    Blame& blame = *shown.add_blamed();
    blame.set_count(Count(sum.at().count()));
    blame.set_bytes(Signed(sum.bytes()));
    blame.set_pinned_bytes(Signed(sum.pinned_bytes()));
    blame.set_pinned_files(Count(sum.pinned_files()));
    blame.set_call(Printable(sum.at().function()));
    *blame.mutable_stack() = stacks.FramesOf(sum.at().stack());
  }
  std::stable_sort(shown.mutable_blamed()->begin(), shown.mutable_blamed()->end(), [](const Blame& a, const Blame& b) {
    return std::pair(a.bytes(), a.count()) > std::pair(b.bytes(), b.count());
  });
}

Failure Shown(const TraceFailure& failure, uint64_t count, uint32_t pid, ShownStacks& stacks) {
  Failure shown;
  shown.set_error(NameOfError(failure));
  shown.set_call(Printable(failure.failed_at().function()));
  shown.set_path(Printable(failure.path()));
  shown.set_count(Count(count));
  shown.set_first_ns(Signed(failure.first_ns()));
  *shown.mutable_stack() = stacks.FramesOf(failure.failed_at().stack());
  shown.set_cause(Shown(failure.cause()));
  shown.set_open_count(Count(failure.open_count()));
  shown.set_open_unknown(Count(failure.open_unknown()));
  shown.set_limit(Signed(failure.limit()));
  shown.set_hard_limit(Signed(failure.hard_limit()));
  shown.set_pid(pid);
  shown.set_picture(failure.picture());
  shown.set_fd(failure.fd());
  if (failure.has_filesystem()) *shown.mutable_filesystem() = ShownFilesystem(failure);
  AddBlamed(failure, stacks, shown);
  shown.set_explanation(ExplanationOf(shown));
  return shown;
}

bool IsOfDescriptors(const Failure& failure) { return failure.error() == "EMFILE" || failure.error() == "ENFILE"; }

}  // namespace

google::protobuf::RepeatedPtrField<Failure> FailuresOf(const Trace& trace, ShownStacks& stacks) {
  absl::flat_hash_map<uint32_t, uint32_t> pids;
  for (const TraceProcess& process : trace.processes) pids[process.serial()] = process.pid();
  // What looks the same to a reader: how often, and the first of it.
  std::map<std::tuple<CallAndStack, int32_t, int, uint32_t>, std::pair<uint64_t, const TraceFailure*>> rows;
  for (const TraceFailure& failure : trace.failures) {
    auto& [count, first] = rows[{KeyOf(failure.failed_at(), stacks), failure.error(), static_cast<int>(failure.cause()),
                                 failure.picture()}];
    count += failure.failed_at().count();
    if (first == nullptr || failure.first_ns() < first->first_ns()) first = &failure;
  }
  google::protobuf::RepeatedPtrField<Failure> failures;
  for (const auto& [key, row] : rows) {
    const auto pid = pids.find(row.second->process());
    *failures.Add() = Shown(*row.second, row.first, pid == pids.end() ? 0 : pid->second, stacks);
  }
  std::stable_sort(failures.begin(), failures.end(), [](const Failure& a, const Failure& b) {
    return std::tuple(!IsOfDescriptors(a), -int64_t{a.count()}, a.first_ns()) <
           std::tuple(!IsOfDescriptors(b), -int64_t{b.count()}, b.first_ns());
  });
  return failures;
}

}  // namespace fdtrace
