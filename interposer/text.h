// Text without libc's functions: in a program built with a sanitizer those are the sanitizer's, which would judge our
// reads.
#pragma once

#include <cstddef>

namespace fdtrace {

inline size_t TextLength(const char* text, size_t limit = static_cast<size_t>(-1)) {
  size_t length = 0;
  while (length < limit && text[length] != '\0') ++length;
  return length;
}

inline bool TextStarts(const char* text, const char* start) {
  while (*start != '\0' && *text == *start) ++text, ++start;
  return *start == '\0';
}

inline bool TextEquals(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

}  // namespace fdtrace
