#include "viewer/python_stacks.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

bool IsPython(const Frame& frame) { return frame.language() == Frame::PYTHON; }

// What frees an object, or makes it ready for that: exported, so that even a stripped interpreter names some of them.
bool Frees(absl::string_view function) {
  return function == "_Py_Dealloc" || absl::StartsWith(function, "PyObject_CallFinalizer") ||
         absl::StartsWith(function, "_PyIOBase_finalize") || absl::StartsWith(function, "gc_collect") ||
         absl::StartsWith(function, "PyGC_Collect") || absl::StartsWith(function, "_PyGC_Collect") ||
         absl::StartsWith(function, "subtype_dealloc") || absl::EndsWith(function, "_dealloc") ||
         absl::EndsWith(function, "_finalize");
}

bool IsDelMethod(absl::string_view function) { return function == "__del__" || absl::EndsWith(function, ".__del__"); }

}  // namespace

void FoldInterpreter(const absl::flat_hash_set<std::string>& interpreters, std::vector<const Frame*>& frames) {
  if (std::none_of(frames.begin(), frames.end(), [](const Frame* frame) { return IsPython(*frame); })) return;
  std::erase_if(frames,
                [&](const Frame* frame) { return !IsPython(*frame) && interpreters.contains(frame->module()); });
}

bool IsCollected(const absl::flat_hash_set<std::string>& interpreters, FrameSpan frames) {
  // Others have functions of such names, too (__cxa_finalize): the interpreter frees by its own, or calls an
  // extension's.
  const auto interprets = [&](size_t i) { return i < frames.size() && interpreters.contains(frames[i]->module()); };
  bool in_python = false;  // beyond the innermost Python code, what is freed is something else
  for (size_t i = 0; i < frames.size(); ++i) {
    const Frame& frame = *frames[i];
    if (IsPython(frame) && IsDelMethod(frame.function())) return true;
    if (!in_python && !IsPython(frame) && Frees(frame.function()) && (interprets(i) || interprets(i + 1))) return true;
    in_python |= IsPython(frame);
  }
  return false;
}

}  // namespace fdtrace
