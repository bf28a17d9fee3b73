// Widths count the bytes that begin a character: all but 10xxxxxx.
#include "viewer/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

bool BeginsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::string Spaces(absl::string_view text, size_t width) {
  return std::string(width - std::min(width, Width(text)), ' ');
}

}  // namespace

size_t Width(absl::string_view text) { return std::count_if(text.begin(), text.end(), BeginsCharacter); }

std::string PadRight(absl::string_view text, size_t width) { return absl::StrCat(text, Spaces(text, width)); }

std::string PadLeft(absl::string_view text, size_t width) { return absl::StrCat(Spaces(text, width), text); }

std::string CutTo(absl::string_view text, size_t width) {
  if (Width(text) <= width) return std::string(text);
  size_t characters = 0;
  size_t end = 0;
  while (end < text.size() && !(BeginsCharacter(text[end]) && ++characters == width)) ++end;
  return absl::StrCat(text.substr(0, end), "…");
}

size_t WidestUpTo(const std::vector<std::string>& texts, size_t most) {
  size_t widest = 0;
  for (const std::string& text : texts) {
    if (Width(text) <= most) widest = std::max(widest, Width(text));
  }
  return widest;
}

}  // namespace fdtrace
