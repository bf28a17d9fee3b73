// What a reader makes of frames: which one is their own code, and how to name it briefly. Pure.
#pragma once

#include <span>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"

namespace fdtrace {

using Frames = google::protobuf::RepeatedPtrField<Frame>;
using FrameSpan = std::span<const Frame* const>;  // of frames that somebody else has

// The part after the last slash.
absl::string_view Basename(absl::string_view path);

// The C library or the loader.
bool IsLibc(absl::string_view module);

// The C code of a Python interpreter: its library or executable, or the modules of its standard library.
bool IsPythonInterpreter(absl::string_view module);

// A frame outside main or a thread's own function: _start, __libc_start_main, start_thread, clone3 and what the C
// library calls in between.
bool IsStartUp(const Frame& frame);

// The frame to name a site by, the first of: a frame with a line of source outside the system's own directories and
// installed packages; one with a line outside the C and C++ runtimes and Python's standard library; one of the latter;
// a known function outside the C library; any frame outside it; any at all. Null when there are no frames.
const Frame* OwnFrame(const Frames& frames);

// "ns::Load" for "int ns::Load(int, char const*) const [clone .cold]", and "Load<…>" where template arguments are long.
std::string ShortFunction(absl::string_view function);

// "config.cc:42", the module's name for code without source, and "server+0x1a2b" where the function is unknown as well.
// Empty for code in no module.
std::string ShortPlace(const Frame& frame);

// The same with the whole path of the source file, where there is one.
std::string FullPlace(const Frame& frame);

// How a line names a site that opens by CALL: its own frame's function and place, either of them alone where the other
// is not known.
struct SiteName {
  std::string function;
  std::string place;
};
SiteName NameOf(const Frames& stack, absl::string_view call);

}  // namespace fdtrace
