#include "interposer/stacks.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>

#include "interposer/event_writer.h"
#include "interposer/frame_rules.h"
#include "interposer/hash.h"
#include "interposer/known_lines.h"
#include "interposer/loaded_objects.h"
#include "interposer/python_code_object.h"
#include "interposer/python_frames.h"
#include "interposer/python_threads.h"
#include "interposer/sent_keys.h"
#include "interposer/unwinder.h"

namespace fdtrace {
namespace {

FDTRACE_LARGE constinit SentKeys g_sent_stacks;
FDTRACE_LARGE constinit SentKeys g_sent_code;
FDTRACE_LARGE constinit KnownLines g_known_lines;

struct Frames {
  std::span<void*> native;          // not yet filled in if there are
  std::span<const WalkStep> steps;  // of theirs: most stacks are known by their hash
  std::span<const PythonFrame> python;
  bool truncated;
  uint64_t native_hash;
};

void FillIn(Frames& frames) {
  size_t count = 0;
  for (const WalkStep& step : frames.steps) frames.native[count++] = reinterpret_cast<void*>(step.returns_to());
  frames.steps = {};
}

// Unwinds and leaves our own frames out.
Frames Take(const HookScope& scope) {
  Scratch& scratch = *fdtrace_thread.scratch;
  const std::span<void*> room = scratch.frames;
  const Walk walk = Unwind(scope, room);
  const auto address = [&](size_t i) {
    return walk.steps.empty() ? reinterpret_cast<uintptr_t>(room[i]) : walk.steps[i].returns_to();
  };
  size_t first = 0;
  while (first < walk.count && IsOurs(address(first))) ++first;
  const size_t rest = std::min(walk.count - first, kMaxFrames);
  Frames frames = {.native = room.subspan(first, rest),
                   .steps = walk.steps.empty() ? walk.steps : walk.steps.subspan(first, rest),
                   .python = {},
                   .truncated = walk.count == room.size() || first + rest < walk.count,
                   .native_hash = 0};
  if (frames.steps.empty() || frames.truncated) {
    FillIn(frames);
    frames.native_hash = HashOfAddresses(frames.native);
  } else {
    frames.native_hash = frames.steps.front().hash;
  }
  if (const PythonInterpreter* const python = scope.nested() ? nullptr : ReadablePython()) [[unlikely]] {
    bool truncated = false;
    const size_t taken = TakePythonFrames(*python, scratch.readable, scratch.python_frames, truncated);
    frames.python = std::span(scratch.python_frames).first(taken);
    frames.truncated |= truncated;
  }
  return frames;
}

uint64_t HashOf(const Frames& frames) {
  uint64_t hash = HashWord(LoadGeneration(), frames.native_hash);
  for (const PythonFrame& frame : frames.python) hash = HashWord(hash ^ frame.identity, frame.instruction);
  return hash == 0 ? 1 : hash;
}

bool SendModule(const HookScope& scope, LoadedObject& object) {
  if (object.sent.load(std::memory_order_relaxed)) return true;
  const PythonInterpreter* const python = PythonOfProcess();
  const bool is_python = python != nullptr && python->object == &object;
  if (!WriteModule(scope,
                   {.key = object.key, .path = object.path, .build_id = object.build_id, .is_python = is_python}))
    return false;
  object.sent.store(true, std::memory_order_relaxed);
  return true;
}

// The frames of a stack, of both kinds, in the order of their calls: the evaluation function's run the Python code.
class Merged {
 public:
  Merged(const HookScope& scope, const Frames& frames)
      : scope_(scope), memory_(fdtrace_thread.scratch->readable), rest_(frames.python), truncated_(frames.truncated) {}

  // False: what they need could not be sent.
  bool Add(std::span<void* const> native) {
    const PythonInterpreter* const python = rest_.empty() ? nullptr : PythonOfProcess();
    for (void* const frame : native) {
      const auto address = reinterpret_cast<uintptr_t>(frame);
      if (IsOurs(address)) continue;  // in which a child of clone begins
      if (python != nullptr && python->Evaluates(address - 1) && !AddEvaluation(*python)) return false;
      if (!AddNative(address)) return false;
    }
    // Where the native stack was cut, or the evaluation function is not what its symbol says.
    while (python != nullptr && !rest_.empty()) {
      if (!AddEvaluation(*python)) return false;
    }
    return true;
  }

  StackEvent Event(uint64_t hash) const {
    const Scratch& scratch = *fdtrace_thread.scratch;
    return {.hash = hash,
            .modules = std::span(scratch.modules).first(count_),
            .addresses = std::span(scratch.addresses).first(count_),
            .truncated = truncated_};
  }

 private:
  void Put(uint64_t module, uint64_t address) {
    if (count_ == kMaxStackFrames) {
      truncated_ = true;
      return;
    }
    fdtrace_thread.scratch->modules[count_] = module;
    fdtrace_thread.scratch->addresses[count_++] = address;
  }

  bool AddNative(uintptr_t address) {
    LoadedObject* const object = FindLoadedObject(address - 1);
    if (object != nullptr && !SendModule(scope_, *object)) return false;
    Put(object == nullptr ? 0 : object->key, object == nullptr ? address : address - object->info.dlpi_addr);
    return true;
  }

  // Those that one call of the evaluation function runs.
  bool AddEvaluation(const PythonInterpreter& python) {
    bool ended = false;
    while (!ended && !rest_.empty()) {
      const PythonFrame frame = rest_.front();
      rest_ = rest_.subspan(1);
      ended = frame.ends_evaluation;
      if (!AddPython(python, frame)) return false;
    }
    return true;
  }

  bool AddPython(const PythonInterpreter& python, const PythonFrame& frame) {
    const uint64_t place = HashWord(frame.identity, frame.instruction);
    if (const std::optional<uint32_t> line = g_known_lines.Find(place); line && g_sent_code.Has(frame.identity)) {
      Put(frame.identity, *line);
      return true;
    }
    new_way_.Begin();
    const CodeObject code(python, memory_, frame.code);
    if (!code.MakesSense()) {
      PythonMadeNoSense();
      return true;
    }
    PythonMadeSense();
    if (!g_sent_code.Has(frame.identity)) {
      if (!WritePythonCode(scope_,
                           {.key = frame.identity, .code = code, .qualified = python.layout.has_qualified_names()}))
        return false;
      g_sent_code.Add(frame.identity);
    }
    const uint32_t line = code.Line(frame.instruction);
    g_known_lines.Keep(place, line);
    Put(frame.identity, line);
    return true;
  }

  const HookScope& scope_;
  ReadableMemory& memory_;
  std::span<const PythonFrame> rest_;
  bool truncated_;
  ReadableMemory::NewWay new_way_{memory_};  // once something is read
  size_t count_ = 0;
};

bool SendStack(const HookScope& scope, const Frames& frames, uint64_t hash) {
  Merged merged(scope, frames);
  return merged.Add(frames.native) && WriteStack(scope, merged.Event(hash));
}

// Once in a process, as soon as there is something to say.
void TellUnreadPython(const HookScope& scope) {
  static constinit std::atomic<bool> told{false};
  const PythonInterpreter* const python = PythonOfProcess();
  if (python == nullptr || python->doubt == PythonDoubt::kNone || told.load(std::memory_order_relaxed)) return;
  if (WriteUnreadPython(scope, *python)) told.store(true, std::memory_order_relaxed);
}

// Once in a thread, before its first event that has Python code in its stack.
void NameThread(const HookScope& scope, const Frames& frames) {
  if (fdtrace_thread.named || frames.python.empty()) return;
  fdtrace_thread.named = true;
  const PythonText name = PythonThreadName(*PythonOfProcess(), fdtrace_thread.scratch->readable, frames.python);
  if (name.MakesSense()) WriteThreadName(scope, name);
}

}  // namespace

void ReadyStacks() {
  ReadyFrameRules();
  ReadyPages(&g_sent_stacks, sizeof g_sent_stacks);
  if (PythonOfProcess() == nullptr) return;
  ReadyPages(&g_sent_code, sizeof g_sent_code);
  ReadyPages(&g_known_lines, sizeof g_known_lines);
}

uint64_t CaptureStack(const HookScope& scope) {
  // Told as that of the call of vfork; what the child learnt would be written into its parent's memory.
  if (InVforkChild()) return fdtrace_thread.vfork_stack;
  Frames frames = Take(scope);
  if (frames.native.empty() && frames.python.empty()) return 0;
  NameThread(scope, frames);
  const uint64_t hash = HashOf(frames);
  if (g_sent_stacks.Has(hash)) [[likely]]
    return hash;

  FillIn(frames);
  if (!SendStack(scope, frames, hash)) return 0;
  g_sent_stacks.Add(hash);
  TellUnreadPython(scope);
  return hash;
}

}  // namespace fdtrace
