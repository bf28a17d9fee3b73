// The registers that matter when a stack is walked, by the numbers that DWARF gives them on this machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fdtrace {

#if defined(__x86_64__)
inline constexpr size_t kRegisters = 17;
inline constexpr size_t kFramePointer = 6;
inline constexpr size_t kStackPointer = 7;
inline constexpr size_t kReturnColumn = 16;  // where the address of the next instruction counts as a register
inline constexpr bool kReturnsInRegister = false;
#else
inline constexpr size_t kRegisters = 32;
inline constexpr size_t kFramePointer = 29;
inline constexpr size_t kStackPointer = 31;
inline constexpr size_t kReturnColumn = 30;  // the link register
inline constexpr bool kReturnsInRegister = true;
#endif

struct Registers {
  uintptr_t next;  // the address of the instruction that is next in this frame
  uintptr_t value[kRegisters];
};

// Of the code that this is inlined into: its callers' frames follow from them. What a call may change is 0.
inline __attribute__((always_inline)) Registers OwnRegisters() {
  Registers own = {};
#if defined(__x86_64__)
  asm volatile(
      "leaq 0(%%rip), %%rax\n\t"
      "movq %%rax, %0\n\t"
      "movq %%rbx, %1\n\t"
      "movq %%rbp, %2\n\t"
      "movq %%rsp, %3\n\t"
      "movq %%r12, %4\n\t"
      "movq %%r13, %5\n\t"
      "movq %%r14, %6\n\t"
      "movq %%r15, %7\n\t"
      : "=m"(own.next), "=m"(own.value[3]), "=m"(own.value[6]), "=m"(own.value[7]), "=m"(own.value[12]),
        "=m"(own.value[13]), "=m"(own.value[14]), "=m"(own.value[15])
      :
      : "rax");
  own.value[kReturnColumn] = own.next;
#else
  asm volatile(
      "adr x9, .\n\t"
      "str x9, %0\n\t"
      "mov x9, sp\n\t"
      "stp x19, x20, [%1, #152]\n\t"
      "stp x21, x22, [%1, #168]\n\t"
      "stp x23, x24, [%1, #184]\n\t"
      "stp x25, x26, [%1, #200]\n\t"
      "stp x27, x28, [%1, #216]\n\t"
      "stp x29, x30, [%1, #232]\n\t"
      "str x9, [%1, #248]\n\t"
      : "=m"(own.next)
      : "r"(own.value)
      : "x9", "memory");
#endif
  return own;
}

// An address to return to, without the signature that the machine may have put into it.
inline uintptr_t WithoutSignature(uintptr_t address) {
#if defined(__aarch64__)
  register uintptr_t link asm("x30") = address;
  asm("hint #7" : "+r"(link));  // XPACLRI, which older machines take for a NOP
  return link;
#else
  return address;
#endif
}

}  // namespace fdtrace
