// A frame of the trace becomes one frame for each function inlined at its address, and one for the function itself.
#include "viewer/shown_stacks.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "viewer/advice.h"
#include "viewer/printable.h"
#include "viewer/python_stacks.h"

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

void MarkOwn(Frames& frames) {
  const Frame* const own = OwnFrame(frames);
  for (Frame& frame : frames) frame.set_own(&frame == own);
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

ShownStacks::ShownStacks(const Trace& trace, ShownFrames shown_frames) : shown_frames_(shown_frames) {
  for (const TraceStack& stack : trace.stacks) stacks_[stack.index()] = &stack;
  for (const TraceModule& module : trace.modules) {
    std::string& path = module_paths_[module.index()];
    path = module.path().empty() ? std::string(kVdso) : Printable(module.path());
    if (module.is_python() || IsPythonInterpreter(path)) interpreters_.insert(path);
  }
  for (const TracePythonCode& code : trace.python_code) {
    Frame& frame = python_code_[code.index()];
    frame.set_function(Printable(code.function()));
    frame.set_file(Printable(code.file()));
    frame.set_language(Frame::PYTHON);
  }
  for (const TracePythonName& name : trace.python_names) {
    if (const auto code = python_code_.find(name.code()); code != python_code_.end()) {
      code->second.set_function(Printable(name.function()));
    }
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
    shown.collected = IsCollected(interpreters_, shown.frames);
    shown.advice = AdviceOn(shown.frames);
    if (shown_frames_ == ShownFrames::kFolded) FoldInterpreter(interpreters_, shown.frames);
    DropStartUp(shown.frames);
    shown.key = KeyOf(shown.frames);
    if (shown.collected) shown.key += "collected";
    MarkOwn(shown.frames);
  }
  return shown;
}

Frames ShownStacks::FramesOf(const TraceStack& stack) const {
  Frames frames;
  for (const TraceFrame& frame : stack.frames()) {
    if (frame.python_code() != 0) {
      AddPythonFrame(frame, frames);
    } else {
      AddFrames(frame, frames);
    }
  }
  return frames;
}

void ShownStacks::AddPythonFrame(const TraceFrame& frame, Frames& frames) const {
  Frame& shown = *frames.Add();
  if (const auto code = python_code_.find(frame.python_code()); code != python_code_.end()) shown = code->second;
  shown.set_language(Frame::PYTHON);
  shown.set_line(frame.line());
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
