#include "interposer/python_layout.h"

namespace fdtrace {
namespace {

using enum EvaluationEnd;
using enum Instruction;
using enum LineTable;
using enum AttributeStore;

// clang-format off
constexpr PythonLayout kLayouts[] = {
  // minor thread state         frames                                                  code                               text    attributes
  //       frame cframe offset  end          back code instr locals end                 instr. file name first lines               store          keys
  {  6,    24, false, 0,  kEveryFrame, 24,  32,  120, 376,  0, kByteOffset,   0,  96, 104, 36, 112, kIncrements, 48, 72, kDict,           0},
  {  7,    24, false, 0,  kEveryFrame, 24,  32,  104, 360,  0, kByteOffset,   0,  96, 104, 36, 112, kIncrements, 48, 72, kDict,           0},
  {  8,    24, false, 0,  kEveryFrame, 24,  32,  104, 360,  0, kByteOffset,   0, 104, 112, 40, 120, kIncrements, 48, 72, kDict,           0},
  {  9,    24, false, 0,  kEveryFrame, 24,  32,  104, 360,  0, kByteOffset,   0, 104, 112, 40, 120, kIncrements, 48, 72, kDict,           0},
  { 10,    24, false, 0,  kEveryFrame, 24,  32,   96, 352,  0, kWordOffset,   0, 104, 112, 40, 120, kRanges,     48, 72, kDict,           0},
  { 11,    56, true,  8,  kEntryFlag,  48,  32,   56,  72, 68, kAddress,    184, 112, 128, 72, 136, kLocations,  48, 72, kValuesOrDict, 872},
  { 12,    56, true,  0,  kShimFrame,   8,   0,   56,  72, 70, kAddress,    192, 112, 128, 68, 136, kLocations,  40, 56, kTagged,       880},
  { 13,    72, false, 0,  kShimFrame,   8,   0,   56,  72, 70, kAddress,    200, 112, 128, 68, 136, kLocations,  40, 56, kInline,       880},
};
// clang-format on

}  // namespace

const PythonLayout* FindPythonLayout(unsigned major, unsigned minor) {
  for (const PythonLayout& layout : kLayouts) {
    if (major == 3 && layout.minor == minor) return &layout;
  }
  return nullptr;
}

void Apply(const PythonDebugOffsets& offsets, PythonLayout& layout) {
  layout.state_frame = static_cast<uint16_t>(offsets.thread_state.frame);
  layout.frame_back = static_cast<uint16_t>(offsets.frame.previous);
  layout.frame_code = static_cast<uint16_t>(offsets.frame.code);
  layout.frame_instruction = static_cast<uint16_t>(offsets.frame.instruction);
  layout.frame_locals = static_cast<uint16_t>(offsets.frame.locals);
  layout.frame_end = static_cast<uint16_t>(offsets.frame.owner);
  layout.code_instructions = static_cast<uint16_t>(offsets.code.instructions);
  layout.code_file = static_cast<uint16_t>(offsets.code.file);
  layout.code_name = static_cast<uint16_t>(offsets.code.qualified_name);
  layout.code_first_line = static_cast<uint16_t>(offsets.code.first_line);
  layout.code_lines = static_cast<uint16_t>(offsets.code.lines);
}

}  // namespace fdtrace
