// Judges by names, as the loader, glibc and the Filesystem Hierarchy Standard have them.
#include "viewer/frames.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace fdtrace {
namespace {

bool StartsWithAny(absl::string_view text, std::initializer_list<absl::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](absl::string_view beginning) { return absl::StartsWith(text, beginning); });
}

bool IsRuntime(absl::string_view module) {
  return IsLibc(module) ||
         StartsWithAny(Basename(module), {"libstdc++.so", "libc++.so", "libc++abi.so", "libgcc_s.so"});
}

bool IsOfTheSystem(absl::string_view path) { return StartsWithAny(path, {"/lib", "/usr/lib", "/usr/include/"}); }

bool IsInstalledPackage(absl::string_view file) {
  return absl::StrContains(file, "/site-packages/") || absl::StrContains(file, "/dist-packages/");
}

// "/usr/lib/python3.11/socket.py", "<frozen importlib._bootstrap>"
bool IsPythonStandardLibrary(absl::string_view file) {
  if (absl::StartsWith(file, "<frozen ")) return true;
  return (absl::StrContains(file, "/lib/python3") || absl::StrContains(file, "/lib64/python3")) &&
         !IsInstalledPackage(file);
}

bool HasSource(const Frame& frame) { return !frame.file().empty() && frame.line() > 0; }

// The condition of OwnFrame that a frame meets, from 0, the best.
int Foreignness(const Frame& frame) {
  if (frame.language() == Frame::PYTHON) {
    if (IsPythonStandardLibrary(frame.file())) return 2;
    return IsInstalledPackage(frame.file()) ? 1 : 0;
  }
  if (HasSource(frame) && !IsRuntime(frame.module())) {
    return IsOfTheSystem(frame.file()) || IsOfTheSystem(frame.module()) ? 1 : 0;
  }
  if (IsRuntime(frame.module())) return IsLibc(frame.module()) ? 6 : 5;
  return frame.function().empty() ? 4 : 3;
}

// "ns::Load<int>" of "ns::Load<int>(char const*) const [clone .cold]".
absl::string_view WithoutParameters(absl::string_view name) {
  if (const size_t clone = name.rfind(" [clone "); clone != name.npos) name = name.substr(0, clone);
  const size_t close = name.rfind(')');
  if (close == name.npos) return name;
  absl::string_view behind = name.substr(close + 1);
  for (bool stripped = true; stripped;) {
    stripped = absl::ConsumePrefix(&behind, " const") || absl::ConsumePrefix(&behind, " volatile") ||
               absl::ConsumePrefix(&behind, " &&") || absl::ConsumePrefix(&behind, " &") ||
               absl::ConsumePrefix(&behind, " noexcept");
  }
  if (!behind.empty()) return name;
  size_t open = close;
  for (int depth = 1; depth > 0 && open > 0;) {
    --open;
    if (name[open] == ')') ++depth;
    if (name[open] == '(') --depth;
  }
  const absl::string_view before = name.substr(0, open);
  // "operator()" and "(anonymous namespace)" are names, not parameters.
  return before.empty() || absl::EndsWith(before, "operator") || absl::EndsWith(before, "::") ? name : before;
}

// Where the template arguments that begin at `open` end, behind their '>'; `open` itself where none begin.
size_t ArgumentsEnd(absl::string_view name, size_t open) {
  const absl::string_view before = name.substr(0, open);
  const bool begins = name[open] == '<' && !before.empty() &&
                      (absl::ascii_isalnum(before.back()) || before.back() == '_') &&
                      !absl::EndsWith(before, "operator");
  int depth = 0;
  for (size_t at = open; begins && at < name.size(); ++at) {
    if (name[at] == '<') ++depth;
    if (name[at] == '>' && name[at - 1] != '-' && --depth == 0) return at + 1;
  }
  return open;
}

// "std::vector<int>" stays; "std::basic_string<…>".
std::string WithShortArguments(absl::string_view name) {
  constexpr size_t kShortArguments = 16;
  std::string shorter;
  for (size_t at = 0; at < name.size();) {
    const size_t end = ArgumentsEnd(name, at);
    if (end - at > kShortArguments) {
      shorter += "<…>";
      at = end;
    } else {
      shorter += name[at++];
    }
  }
  return shorter;
}

// Template instances carry one: "int ns::Load<int>".
std::string WithoutReturnType(const std::string& name) {
  int depth = 0;
  size_t begin = 0;
  for (size_t at = 0; at < name.size(); ++at) {
    if (absl::StrContains("(<{[", name[at])) ++depth;
    if (absl::StrContains(")>}]", name[at])) --depth;
    if (name[at] != ' ' || depth != 0) continue;
    if (absl::EndsWith(absl::string_view(name).substr(0, at), "operator")) break;  // "operator bool", "operator new"
    begin = at + 1;
  }
  return name.substr(begin);
}

bool IsStartUpFunction(absl::string_view name) {
  return name == "_start" || name == "start_thread" || absl::StartsWith(name, "__libc_start_") ||
         Basename(name) == "clone" || name == "__clone" || name == "clone3" || name == "__clone3";
}

}  // namespace

absl::string_view Basename(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

bool IsLibc(absl::string_view module) {
  return StartsWithAny(Basename(module), {"libc.so", "libc-2.", "libpthread.so", "libpthread-2.", "libdl.so",
                                          "ld-linux", "ld-2.", "ld.so", "[vdso]"});
}

bool IsPythonInterpreter(absl::string_view module) {
  absl::string_view name = Basename(module);
  if (absl::StartsWith(name, "libpython") || absl::StrContains(module, "/lib-dynload/")) return true;
  return absl::ConsumePrefix(&name, "python") && name.find_first_not_of("0123456789.mdt") == name.npos;
}

bool IsStartUp(const Frame& frame) {
  // Where libc's own symbols are stripped, what lies outermost in it can only be the way in.
  return frame.function().empty() ? IsLibc(frame.module()) : IsStartUpFunction(frame.function());
}

const Frame* OwnFrame(const Frames& frames) {
  const auto own = std::min_element(frames.begin(), frames.end(), [](const Frame& a, const Frame& b) {
    return Foreignness(a) < Foreignness(b);  // of equals, the first
  });
  return own == frames.end() ? nullptr : &*own;
}

std::string ShortFunction(absl::string_view function) {
  return std::string(WithoutReturnType(WithShortArguments(WithoutParameters(function))));
}

std::string ShortPlace(const Frame& frame) {
  if (HasSource(frame)) return absl::StrCat(Basename(frame.file()), ":", frame.line());
  if (!frame.file().empty()) return std::string(Basename(frame.file()));
  if (frame.function().empty() && frame.address() != 0) {
    return absl::StrFormat("%s+0x%x", Basename(frame.module()), frame.address());
  }
  return std::string(Basename(frame.module()));
}

std::string FullPlace(const Frame& frame) {
  if (frame.file().empty()) return ShortPlace(frame);
  return frame.line() > 0 ? absl::StrCat(frame.file(), ":", frame.line()) : frame.file();
}

SiteName NameOf(const Frames& stack, absl::string_view call) {
  const Frame* const own = OwnFrame(stack);
  if (own == nullptr) return {.function = absl::StrCat("an unknown place, by ", call), .place = {}};
  if (own->function().empty()) return {.function = ShortPlace(*own), .place = {}};
  return {.function = ShortFunction(own->function()), .place = ShortPlace(*own)};
}

}  // namespace fdtrace
