#include "interposer/python_text.h"

namespace fdtrace {
namespace {

// Of a str's state.
struct TextState {
  explicit TextState(uint32_t bits)
      : width(bits >> 2 & 7), compact((bits >> 5 & 1) != 0), ascii((bits >> 6 & 1) != 0) {}
  uint32_t width;
  bool compact;
  bool ascii;
};

// Python keeps a byte that was no character as U+DC00 and the byte (PEP 383). Returns the number of bytes, 0 if there
// is no room.
size_t Put(uint32_t character, std::span<unsigned char> room) {
  const bool was_byte = character >= 0xdc80 && character <= 0xdcff;
  if (character < 0x80 || was_byte) {
    if (room.empty()) return 0;
    room[0] = static_cast<unsigned char>(character);
    return 1;
  }
  const size_t count = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  if (room.size() < count) return 0;
  for (size_t i = count; i-- > 1; character >>= 6) room[i] = static_cast<unsigned char>(0x80 | (character & 0x3f));
  constexpr unsigned char kHead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  room[0] = static_cast<unsigned char>(kHead[count] | character);
  return count;
}

}  // namespace

PythonText::PythonText(const PythonInterpreter& python, ReadableMemory& memory, uintptr_t object) {
  constexpr size_t kLongest = 16 << 20;
  if (object % sizeof(uintptr_t) != 0 || !memory.Covers(object, python.layout.ascii_text)) return;
  if (ReadableMemory::Load<uintptr_t>(object + kObjectType) != python.text_type) return;
  const TextState state(ReadableMemory::Load<uint32_t>(object + kTextState));
  const auto length = ReadableMemory::Load<size_t>(object + kTextLength);
  if (!state.compact || (state.width != 1 && state.width != 2 && state.width != 4) || length > kLongest) return;
  const uintptr_t characters = object + (state.ascii ? python.layout.ascii_text : python.layout.other_text);
  if (length > 0 && !memory.Covers(characters, length * state.width)) return;
  characters_ = characters;
  length_ = length;
  width_ = state.width;
}

uint32_t PythonText::At(size_t index) const {
  const uintptr_t at = characters_ + index * width_;
  if (width_ == 1) return ReadableMemory::Load<uint8_t>(at);
  return width_ == 2 ? ReadableMemory::Load<uint16_t>(at) : ReadableMemory::Load<uint32_t>(at);
}

size_t PythonText::Copy(std::span<unsigned char> room) const {
  size_t count = 0;
  for (size_t i = 0; i < length_; ++i) {
    const size_t put = Put(At(i), room.subspan(count));
    if (put == 0) break;
    count += put;
  }
  return count;
}

bool PythonText::Equals(const char* ascii) const {
  for (size_t i = 0; i < length_; ++i) {
    if (ascii[i] == '\0' || At(i) != static_cast<unsigned char>(ascii[i])) return false;
  }
  return MakesSense() && ascii[length_] == '\0';
}

}  // namespace fdtrace
