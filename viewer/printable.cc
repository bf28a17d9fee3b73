// UTF-8 as The Unicode Standard, table 3-7, has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#include "viewer/printable.h"

#include <cstddef>

#include "absl/strings/str_format.h"

namespace fdtrace {
namespace {

bool InRange(unsigned char byte, unsigned char low, unsigned char high) { return byte >= low && byte <= high; }

// Bytes of the valid character that `text` begins with; 0 when it begins with none.
size_t CharacterBytes(absl::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  size_t bytes = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (InRange(lead, 0xC2, 0xDF)) {
    bytes = 2;
  } else if (InRange(lead, 0xE0, 0xEF)) {
    bytes = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (InRange(lead, 0xF0, 0xF4)) {
    bytes = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (!InRange(at(1), low, high)) return 0;
  for (size_t i = 2; i < bytes; ++i) {
    if (!InRange(at(i), 0x80, 0xBF)) return 0;
  }
  return bytes;
}

bool IsControl(absl::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7F;
  return lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

// Characters that order the text around them, by which a name can pass for another: UAX #9, table 4; and the separators
// of lines and paragraphs.
bool Reorders(absl::string_view character) {
  if (character == "\u061c") return true;
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  if (second == 0x80) return InRange(third, 0x8E, 0x8F) || InRange(third, 0xA8, 0xAE);  // U+200E-F, U+2028-E
  return second == 0x81 && InRange(third, 0xA6, 0xA9);                                  // U+2066-9
}

}  // namespace

std::string Printable(absl::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t valid = CharacterBytes(bytes);
    const absl::string_view character = bytes.substr(0, valid > 0 ? valid : 1);
    if (valid > 0 && !IsControl(character) && !Reorders(character)) {
      text.append(character.data(), character.size());
    } else {
      for (char byte : character) absl::StrAppendFormat(&text, "\\x%02x", static_cast<unsigned char>(byte));
    }
    bytes.remove_prefix(character.size());
  }
  return text;
}

}  // namespace fdtrace
