// The report for people, as plain text.
#pragma once

#include <string>

#include "proto/report.pb.h"

namespace fdtrace {

struct TextOptions {
  // All sites with their whole stacks and paths of files; else a summary: the ten worst sites, at most twelve frames of
  // each, how many more there are, and a line each for what programs received and which processes there were.
  bool full = false;
  bool colours = false;  // escape sequences of ANSI terminals
};

// Lines of UTF-8, each with its newline, columns as wide as they need to be.
std::string RenderText(const Report& report, const TextOptions& options);

}  // namespace fdtrace
