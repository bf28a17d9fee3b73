// The copy that the compiler asks for by name, of our own: libc's name may lead to a sanitizer's, which takes our use
// of memory for the program's (ThreadSanitizer sees a ring that two threads had in turn as a race of theirs).
#include <cstddef>
#include <cstdint>

namespace {

// By words that need not be aligned; constant sizes are no calls.
template <typename Word>
void CopyWord(unsigned char* to, const unsigned char* from) {
  __builtin_memcpy(to, from, sizeof(Word));
}

// SIZE is at least a word's: the last one may overlap the one before.
template <typename Word>
void CopyWords(unsigned char* to, const unsigned char* from, size_t size) {
  for (size_t at = 0; at + sizeof(Word) < size; at += sizeof(Word)) CopyWord<Word>(to + at, from + at);
  CopyWord<Word>(to + size - sizeof(Word), from + size - sizeof(Word));
}

}  // namespace

extern "C" {
// By another name here, for the compiler has views of its own on how memcpy is declared.
__attribute__((visibility("hidden"))) void* fdtrace_copy(void* to, const void* from, size_t size) __asm__("memcpy");

void* fdtrace_copy(void* to, const void* from, size_t size) {
  auto* const out = static_cast<unsigned char*>(to);
  const auto* const in = static_cast<const unsigned char*>(from);
  if (size >= sizeof(uint64_t)) {
    CopyWords<uint64_t>(out, in, size);
  } else if (size >= sizeof(uint32_t)) {
    CopyWords<uint32_t>(out, in, size);
  } else {
    for (size_t at = 0; at < size; ++at) CopyWord<uint8_t>(out + at, in + at);
  }
  return to;
}
}
