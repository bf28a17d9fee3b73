// What the forms for other tools share: the ids of rules, the order of findings, and where each is in the sources.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/report.pb.h"
#include "viewer/frames.h"

namespace fdtrace {

struct FormOptions {
  std::string source_root;  // absolute path that files are shown relative to; empty: as they are
};

enum class Severity { kFails, kLeft, kNothingLeft };

Severity SeverityOf(const Finding& finding);

struct RankedFinding {
  const Finding* finding = nullptr;
  uint32_t ordinal = 1;  // among the findings with this fingerprint, in the order of the report; from 1
};

// Those that fail first, then those with something left, then the rest; within each in the order of the report.
std::vector<RankedFinding> BySeverity(const Report& report);

// "fdtrace/leak", "fdtrace/double-close", …: what a tool knows the kind by. Not a leak's verdict, which another run may
// judge differently.
std::string RuleId(const Report& report, const Finding& finding);

// A place in the sources.
struct SourcePlace {
  std::string path;      // relative to the root, else absolute; without "." and ".."
  bool in_root = false;  // then the path is relative
  uint32_t line = 0;
};

// The file and line of FRAME. A relative name, as a compiler run in a build directory leaves it, is taken for one below
// the root, whatever directories it climbs first.
SourcePlace PlaceOf(const Frame& frame, const FormOptions& options);

// PATH, of a module or a file, the same way; line 0.
SourcePlace PlaceOfFile(const std::string& path, const FormOptions& options);

bool HasSourceLine(const Frame& frame);

// The frame to show a finding at: the one that names it, else the innermost outside the C library that has a line of
// source. Null where none has.
const Frame* SourceFrame(const Frames& stack);

// Where code without source lies: the module of the frame that names the finding, else the recorded program. Empty
// where neither is known.
std::string ModuleOf(const Report& report, const Frames& stack);

// "load_config at src/config.c:42".
std::string FrameLine(const Frame& frame, const FormOptions& options);

// The finding's message, and what to do where that is known.
std::string MessageWithAdvice(const Report& report, const Finding& finding);

// What happened to a finding's count: "5 suppressed, 2 allowed by the baseline, 1 left".
std::string Account(const Finding& finding);

}  // namespace fdtrace
