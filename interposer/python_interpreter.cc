#include "interposer/python_interpreter.h"

#include <atomic>
#include <cstddef>

#include "interposer/exported_symbols.h"
#include "interposer/text.h"

namespace fdtrace {
namespace {

constinit PythonInterpreter g_python = {};
enum class Found : uint8_t { kNo, kLooking, kYes };
constinit std::atomic<Found> g_found{Found::kNo};
constinit std::atomic<bool> g_made_sense{false};

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned micro = 0;
};

// "3.11.2 (main, …"
Version Parse(const char* text) {
  Version version;
  for (unsigned* part : {&version.major, &version.minor, &version.micro}) {
    for (; *text >= '0' && *text <= '9'; ++text) *part = *part * 10 + static_cast<unsigned>(*text - '0');
    if (*text == '.') ++text;
  }
  return version;
}

Version VersionOf(const LoadedObject& object) {
  if (const ExportedSymbol number = FindExported(object, "Py_Version")) {
    const auto hex = *reinterpret_cast<const unsigned long*>(number.address);  // PY_VERSION_HEX
    return {.major = static_cast<unsigned>(hex >> 24 & 0xff),
            .minor = static_cast<unsigned>(hex >> 16 & 0xff),
            .micro = static_cast<unsigned>(hex >> 8 & 0xff)};
  }
  const ExportedSymbol text = FindExported(object, "Py_GetVersion");
  return text ? Parse(reinterpret_cast<const char* (*)()>(text.address)()) : Version();
}

char* Append(char* at, unsigned number) {
  if (number >= 10) at = Append(at, number / 10);
  *at = static_cast<char>('0' + number % 10);
  return at + 1;
}

void Print(const Version& version, char (&text)[16]) {
  char* at = Append(text, version.major & 0xff);
  *at++ = '.';
  at = Append(at, version.minor & 0xff);
  *at++ = '.';
  at = Append(at, version.micro & 0xff);
  *at = '\0';
}

// From 3.13 an interpreter says itself where its parts are.
const PythonDebugOffsets* DebugOffsetsOf(const LoadedObject& object) {
  const ExportedSymbol runtime = FindExported(object, "_PyRuntime");
  if (!runtime || runtime.bytes < sizeof(PythonDebugOffsets)) return nullptr;
  const auto* const offsets = reinterpret_cast<const PythonDebugOffsets*>(runtime.address);
  return TextStarts(offsets->cookie, "xdebugpy") ? offsets : nullptr;
}

PythonDoubt Describe(const LoadedObject& object, const Version& version, PythonLayout& layout) {
  const PythonLayout* const known = FindPythonLayout(version.major, version.minor);
  if (known == nullptr) return PythonDoubt::kUnknownVersion;
  layout = *known;
  if (FindExported(object, "_Py_NegativeRefcount")) return PythonDoubt::kDebugBuild;
  const PythonDebugOffsets* const offsets = DebugOffsetsOf(object);
  if (offsets == nullptr) return PythonDoubt::kNone;
  if (offsets->free_threaded != 0) return PythonDoubt::kFreeThreaded;
  Apply(*offsets, layout);
  return PythonDoubt::kNone;
}

const char* FileName(const char* path) {
  const char* name = path;
  for (; *path != '\0'; ++path) {
    if (*path == '/') name = path + 1;
  }
  return name;
}

}  // namespace

void NoticePython(const LoadedObject& object) {
  const ExportedSymbol state = FindExported(object, "PyGILState_GetThisThreadState");
  if (!state) return;
  const ExportedSymbol evaluation = FindExported(object, "_PyEval_EvalFrameDefault");
  if (!evaluation && !FindExported(object, "PyEval_EvalFrameEx")) return;  // as it was called before 3.6
  const ExportedSymbol code_type = FindExported(object, "PyCode_Type");
  const ExportedSymbol text_type = FindExported(object, "PyUnicode_Type");
  ExportedSymbol is_ending = FindExported(object, "Py_IsFinalizing");
  if (!is_ending) is_ending = FindExported(object, "_Py_IsFinalizing");
  Found none = Found::kNo;
  if (!g_found.compare_exchange_strong(none, Found::kLooking, std::memory_order_acq_rel)) return;
  const Version version = VersionOf(object);
  g_python = {.object = &object,
              .evaluation_begin = evaluation.address,
              .evaluation_end = evaluation.address + evaluation.bytes,
              .thread_state = reinterpret_cast<void* (*)()>(state.address),
              .is_ending = reinterpret_cast<int (*)()>(is_ending.address),
              .ending = reinterpret_cast<void* const*>(FindExported(object, "_Py_Finalizing").address),
              .is_program = TextStarts(FileName(ProgramPath()), "python"),
              .code_type = code_type.address,
              .text_type = text_type.address,
              .layout = {},
              .version = {},
              .doubt = PythonDoubt::kNone};
  g_python.doubt =
      evaluation && code_type && text_type ? Describe(object, version, g_python.layout) : PythonDoubt::kUnknownVersion;
  Print(version, g_python.version);
  g_found.store(Found::kYes, std::memory_order_release);
}

const PythonInterpreter* PythonOfProcess() {
  return g_found.load(std::memory_order_acquire) == Found::kYes ? &g_python : nullptr;
}

bool PythonIsEnding() {
  const PythonInterpreter* const python = PythonOfProcess();
  if (python == nullptr || !python->is_program) [[likely]]
    return false;
  const bool ends =
      python->is_ending != nullptr ? python->is_ending() != 0 : python->ending != nullptr && *python->ending != nullptr;
  return ends && python->thread_state() != nullptr;
}

void PythonMadeSense() { g_made_sense.store(true, std::memory_order_relaxed); }

void PythonMadeNoSense() {
  if (!g_made_sense.load(std::memory_order_relaxed)) g_python.doubt = PythonDoubt::kUnexpected;
}

}  // namespace fdtrace
