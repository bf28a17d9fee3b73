// Call frame information (the .eh_frame of an object, as the LSB and DWARF describe it): how at one address the
// caller's registers follow from those of the frame. Reads nothing but the object's own readable segments; safe in
// signal handlers and after fork.
#pragma once

#include <cstdint>

#include "interposer/loaded_objects.h"
#include "interposer/registers.h"

namespace fdtrace {

// CFA: the canonical frame address, which is the stack pointer before the call.
enum class RegisterRule : uint8_t {
  kSame,          // not changed by the function
  kUndefined,     // lost; of the return address: this is the outermost frame
  kAtOffset,      // saved at CFA + value
  kOffset,        // is CFA + value
  kRegister,      // is in register `value`
  kAtExpression,  // saved where the expression says
  kExpression,    // is what the expression says
};

// An expression is a pointer to its block: the length, which is known to fit into the table, and the operations.
struct FrameRow {
  bool cfa_is_expression = false;
  uint64_t cfa_register = 0;
  int64_t cfa = 0;  // offset from the register, or expression
  RegisterRule rules[kRegisters] = {};
  int64_t values[kRegisters] = {};
  uint64_t return_column = 0;
  bool is_signal_frame = false;  // its caller was interrupted: it did not call
};

// The row for the instruction at `address`. False: the object has no tables, none for this address, or what is there
// makes no sense.
bool FindFrameRow(const LoadedObject& object, uintptr_t address, FrameRow& row);

}  // namespace fdtrace
