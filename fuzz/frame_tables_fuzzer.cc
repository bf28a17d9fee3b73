// Any bytes as an object's call frame information: the distance from it to an instruction (four bytes), then
// .eh_frame_hdr and what follows. Rows that are found are followed, so that their expressions are evaluated.
#include <cstring>
#include <memory>

#include "fuzz/input.h"
#include "interposer/frame_expression.h"
#include "interposer/frame_tables.h"

namespace {

void Evaluate(const fdtrace::FrameRow& row) {
  fdtrace::Registers registers = {};
  fdtrace::StackMemory memory = {};
  for (uintptr_t& value : registers.value) value = reinterpret_cast<uintptr_t>(&registers);
  if (row.cfa_is_expression) fdtrace::EvaluateFrameExpression(row.cfa, registers, std::nullopt, memory);
  for (size_t i = 0; i < fdtrace::kRegisters; ++i) {
    if (row.rules[i] != fdtrace::RegisterRule::kAtExpression && row.rules[i] != fdtrace::RegisterRule::kExpression)
      continue;
    fdtrace::EvaluateFrameExpression(row.values[i], registers, 0, memory);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  fdtrace::Input input(data, bytes);
  const auto distance = input.Take<int32_t>();
  const std::string table = input.TakeRest();
  // In memory of its own, so that what is read beyond it is noticed.
  const auto copy = std::make_unique<uint8_t[]>(table.size());
  std::memcpy(copy.get(), table.data(), table.size());
  const auto start = reinterpret_cast<uintptr_t>(copy.get());
  ElfW(Phdr) parts[2] = {};
  parts[0].p_type = PT_LOAD;
  parts[0].p_flags = PF_R;
  parts[1].p_type = PT_GNU_EH_FRAME;
  for (auto& part : parts) {
    part.p_vaddr = start;
    part.p_memsz = table.size();
  }
  fdtrace::LoadedObject object = {};
  object.info.dlpi_phdr = parts;
  object.info.dlpi_phnum = 2;
  fdtrace::FrameRow row;
  if (fdtrace::FindFrameRow(object, start + static_cast<uintptr_t>(intptr_t{distance}), row)) Evaluate(row);
  return 0;
}
