// A frame of the trace becomes one frame for each function inlined at its address, and one for the function itself.
#include "viewer/shown_stacks.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

constexpr absl::string_view kVdso = "[vdso]";

void DropStartUp(Frames& frames) {
  int kept = 0;
  // What called __libc_start_main can only be _start, even where a stripped program does not name it.
  while (kept < frames.size() && !absl::StartsWith(frames[kept].function(), "__libc_start_")) ++kept;
  while (kept > 0 && IsStartUp(frames[kept - 1])) --kept;
  if (kept > 0) frames.DeleteSubrange(kept, frames.size() - kept);
}

std::string KeyOf(const Frames& frames) {
  std::string key;
  for (const Frame& frame : frames) {
    const std::string bytes = frame.SerializeAsString();
    absl::StrAppend(&key, bytes.size(), ":", bytes);
  }
  return key;
}

}  // namespace

ShownStacks::ShownStacks(const Trace& trace) {
  for (const TraceStack& stack : trace.stacks) stacks_[stack.index()] = &stack;
  for (const TraceModule& module : trace.modules) {
    module_paths_[module.index()] = module.path().empty() ? std::string(kVdso) : Printable(module.path());
  }
  for (const TraceSymbol& symbol : trace.symbols) {
    if (symbol.places_size() > 0) symbols_[{symbol.module(), symbol.address()}] = &symbol;
  }
}

const ShownStack& ShownStacks::Get(uint32_t stack) {
  const auto [entry, is_new] = shown_.try_emplace(stack);
  ShownStack& shown = entry->second;
  if (const auto found = stacks_.find(stack); is_new && found != stacks_.end()) {
    shown.frames = FramesOf(*found->second);
    shown.key = KeyOf(shown.frames);
  }
  return shown;
}

Frames ShownStacks::FramesOf(const TraceStack& stack) const {
  Frames frames;
  for (const TraceFrame& frame : stack.frames()) AddFrames(frame, frames);
  DropStartUp(frames);
  return frames;
}

void ShownStacks::AddFrames(const TraceFrame& frame, Frames& frames) const {
  const auto path = module_paths_.find(frame.module());
  const std::string module = path != module_paths_.end() ? path->second : std::string();
  const auto symbol = symbols_.find(std::make_pair(frame.module(), frame.address()));
  if (symbol == symbols_.end()) {
    Frame& unknown = *frames.Add();
    unknown.set_module(module);
    unknown.set_address(frame.address());
    return;
  }
  const auto& places = symbol->second->places();
  for (int i = 0; i < places.size(); ++i) {
    Frame& shown = *frames.Add();
    shown.set_function(Printable(places[i].function()));
    shown.set_file(Printable(places[i].file()));
    shown.set_line(places[i].line());
    shown.set_module(module);
    shown.set_inlined(i + 1 < places.size());
    if (shown.function().empty()) shown.set_address(frame.address());
  }
}

}  // namespace fdtrace
