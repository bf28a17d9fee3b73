#include "viewer/shown_stacks.h"

#include "absl/strings/match.h"
#include "viewer/advice.h"
#include "viewer/python_stacks.h"

namespace fdtrace {
namespace {

void DropStartUp(std::vector<const Frame*>& frames) {
  size_t kept = 0;
  // What called __libc_start_main can only be _start, even where a stripped program does not name it.
  while (kept < frames.size() && !absl::StartsWith(frames[kept]->function(), "__libc_start_")) ++kept;
  while (kept > 0 && IsStartUp(*frames[kept - 1])) --kept;
  if (kept > 0) frames.resize(kept);
}

void MarkOwn(Frames& frames) {
  const Frame* const own = OwnFrame(frames);
  for (Frame& frame : frames) frame.set_own(&frame == own);
}

// So that keys sort by number.
void AppendBigEndian(uint32_t number, std::string& key) {
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
}

constexpr uint32_t kCollected = UINT32_MAX;  // no frame's number

}  // namespace

const ShownStack& ShownStacks::Get(uint32_t stack) {
  const auto [entry, is_new] = shown_.try_emplace(stack);
  ShownStack& shown = entry->second;
  if (!is_new) return shown;
  std::vector<const Frame*> frames = table_.Of(stack);
  shown.collected = IsCollected(table_.interpreters(), frames);
  DropUnshown(frames);
  shown.key.reserve(sizeof(uint32_t) * (frames.size() + (shown.collected ? 1 : 0)));
  for (const Frame* const frame : frames) AppendBigEndian(table_.NumberOf(*frame), shown.key);
  if (shown.collected) AppendBigEndian(kCollected, shown.key);
  return shown;
}

Frames ShownStacks::FramesOf(uint32_t stack) const {
  std::vector<const Frame*> frames = table_.Of(stack);
  DropUnshown(frames);
  Frames shown;
  shown.Reserve(static_cast<int>(frames.size()));
  for (const Frame* const frame : frames) *shown.Add() = *frame;
  MarkOwn(shown);
  return shown;
}

std::string ShownStacks::AdviceOf(uint32_t stack) const { return AdviceOn(table_.Of(stack)); }

void ShownStacks::DropUnshown(std::vector<const Frame*>& frames) const {
  if (shown_frames_ == ShownFrames::kFolded) FoldInterpreter(table_.interpreters(), frames);
  DropStartUp(frames);
}

}  // namespace fdtrace
