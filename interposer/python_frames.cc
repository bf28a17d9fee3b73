#include "interposer/python_frames.h"

#include <algorithm>
#include <optional>

#include "interposer/hash.h"

namespace fdtrace {
namespace {

constexpr size_t kWord = sizeof(uintptr_t);

class Walk {
 public:
  Walk(const PythonInterpreter& python, ReadableMemory& memory) : python_(python), memory_(memory) {}

  // 0: none.
  uintptr_t Innermost() const {
    const PythonLayout& layout = python_.layout;
    const auto state = reinterpret_cast<uintptr_t>(python_.thread_state());
    if (state == 0) return 0;
    const auto frame = memory_.Read<uintptr_t>(state + layout.state_frame).value_or(0);
    if (frame == 0 || !layout.has_cframe) return frame;
    return memory_.Read<uintptr_t>(frame + layout.cframe_frame).value_or(0);
  }

  // Of a frame, all that lies in it.
  bool IsFrame(uintptr_t frame) const {
    const PythonLayout& layout = python_.layout;
    const size_t bytes =
        std::max({layout.frame_back, layout.frame_code, layout.frame_instruction, layout.frame_end}) + kWord;
    return frame % kWord == 0 && memory_.Covers(frame, bytes);
  }
  uintptr_t Back(uintptr_t frame) const { return Word(frame + python_.layout.frame_back); }
  bool RunsPython(uintptr_t frame) const {
    return python_.layout.evaluation_end != EvaluationEnd::kShimFrame ||
           ReadableMemory::Load<uint8_t>(frame + python_.layout.frame_end) < kOwnedByCStack;
  }

  std::optional<PythonFrame> Take(uintptr_t frame) const {
    const PythonLayout& layout = python_.layout;
    const uintptr_t code = Word(frame + layout.frame_code);
    const std::optional<uint64_t> identity = IdentityOf(code);
    if (!identity) return std::nullopt;
    const uintptr_t at = frame + layout.frame_instruction;
    const bool is_address = layout.instruction == Instruction::kAddress;
    return PythonFrame{.frame = frame,
                       .code = code,
                       .instruction = is_address ? Word(at) - code : ReadableMemory::Load<uint32_t>(at),
                       .identity = *identity,
                       .ends_evaluation = EndsEvaluation(frame)};
  }

 private:
  static uintptr_t Word(uintptr_t at) { return ReadableMemory::Load<uintptr_t>(at); }

  bool EndsEvaluation(uintptr_t frame) const {
    switch (python_.layout.evaluation_end) {
      case EvaluationEnd::kEveryFrame:
        return true;
      case EvaluationEnd::kEntryFlag:
        return ReadableMemory::Load<uint8_t>(frame + python_.layout.frame_end) != 0;
      case EvaluationEnd::kShimFrame:
        break;  // the shim tells
    }
    return false;
  }

  // A code object's memory may become another's, whose parts may come to lie where its own were.
  std::optional<uint64_t> IdentityOf(uintptr_t code) const {
    const PythonLayout& layout = python_.layout;
    if (code % kWord != 0 || !memory_.Covers(code, layout.code_lines + kWord)) return std::nullopt;
    if (Word(code + kObjectType) != python_.code_type) return std::nullopt;
    const std::optional<uint64_t> name = IdentityOfText(Word(code + layout.code_name));
    const std::optional<uint64_t> file = IdentityOfText(Word(code + layout.code_file));
    const uintptr_t lines = Word(code + layout.code_lines);
    if (!name || !file || !memory_.Covers(lines, kBytesLength + kWord)) return std::nullopt;
    uint64_t hash = HashWord(code ^ ReadableMemory::Load<uint32_t>(code + layout.code_first_line), lines);
    hash = HashWord(hash ^ Word(lines + kBytesLength), *name);
    return HashWord(hash, *file);
  }

  // Its own hash, which most have been asked for, else one of its beginning.
  std::optional<uint64_t> IdentityOfText(uintptr_t text) const {
    constexpr uint64_t kNotHashed = ~uint64_t{0};
    constexpr size_t kBeginning = 64;
    const PythonLayout& layout = python_.layout;
    if (text % kWord != 0 || !memory_.Covers(text, layout.ascii_text)) return std::nullopt;
    const uint64_t hash = Word(text + kTextHash);
    if (hash != kNotHashed) [[likely]]
      return HashWord(text, hash);
    const size_t length = std::min<size_t>(Word(text + kTextLength), kBeginning);
    if (!memory_.Covers(text + layout.ascii_text, length)) return std::nullopt;
    return HashBytes(text, reinterpret_cast<const void*>(text + layout.ascii_text), length);
  }

  const PythonInterpreter& python_;
  ReadableMemory& memory_;
};

}  // namespace

size_t TakePythonFrames(const PythonInterpreter& python, ReadableMemory& memory, std::span<PythonFrame> room,
                        bool& truncated) {
  const Walk walk(python, memory);
  size_t count = 0;
  truncated = false;
  for (uintptr_t frame = walk.Innermost(); frame != 0; frame = walk.Back(frame)) {
    if (!walk.IsFrame(frame)) break;
    if (!walk.RunsPython(frame)) {
      if (count > 0) room[count - 1].ends_evaluation = true;
      continue;
    }
    const std::optional<PythonFrame> taken = walk.Take(frame);
    if (!taken) break;
    truncated = count == room.size();
    if (truncated) break;
    room[count++] = *taken;
  }
  return count;
}

}  // namespace fdtrace
