#include "interposer/seccomp_filter.h"

#include <cstddef>
#include <cstring>

namespace fdtrace {
namespace {

struct Machine {
  uint32_t a = 0;
  uint32_t x = 0;
  uint32_t memory[BPF_MEMWORDS] = {};
};

bool LoadFromCall(const seccomp_data& call, uint32_t offset, uint32_t& value) {
  if (offset % sizeof value != 0 || offset >= sizeof call) return false;
  std::memcpy(&value, reinterpret_cast<const unsigned char*>(&call) + offset, sizeof value);
  return true;
}

// A shift takes its count modulo 32, as the kernel's compiled programs do.
bool Calculate(uint32_t operation, uint32_t operand, uint32_t& a) {
  switch (operation) {
    case BPF_ADD:
      a += operand;
      return true;
    case BPF_SUB:
      a -= operand;
      return true;
    case BPF_MUL:
      a *= operand;
      return true;
    case BPF_DIV:
      if (operand == 0) return false;
      a /= operand;
      return true;
    case BPF_AND:
      a &= operand;
      return true;
    case BPF_OR:
      a |= operand;
      return true;
    case BPF_XOR:
      a ^= operand;
      return true;
    case BPF_LSH:
      a <<= operand % 32;
      return true;
    case BPF_RSH:
      a >>= operand % 32;
      return true;
    case BPF_NEG:
      a = -a;
      return true;
    default:
      return false;
  }
}

bool Compare(uint32_t comparison, uint32_t a, uint32_t operand, bool& holds) {
  switch (comparison) {
    case BPF_JEQ:
      holds = a == operand;
      return true;
    case BPF_JGT:
      holds = a > operand;
      return true;
    case BPF_JGE:
      holds = a >= operand;
      return true;
    case BPF_JSET:
      holds = (a & operand) != 0;
      return true;
    default:
      return false;
  }
}

bool Load(const sock_filter& instruction, const seccomp_data& call, const Machine& machine, uint32_t& value) {
  if (instruction.code & (BPF_H | BPF_B)) return false;  // words only
  switch (BPF_MODE(instruction.code)) {
    case BPF_ABS:
      return BPF_CLASS(instruction.code) == BPF_LD && LoadFromCall(call, instruction.k, value);
    case BPF_LEN:
      value = sizeof call;
      return true;
    case BPF_IMM:
      value = instruction.k;
      return true;
    case BPF_MEM:
      if (instruction.k >= BPF_MEMWORDS) return false;
      value = machine.memory[instruction.k];
      return true;
    default:
      return false;
  }
}

// Everything but jumps and returns.
bool Execute(const sock_filter& instruction, const seccomp_data& call, Machine& machine) {
  switch (BPF_CLASS(instruction.code)) {
    case BPF_LD:
      return Load(instruction, call, machine, machine.a);
    case BPF_LDX:
      return Load(instruction, call, machine, machine.x);
    case BPF_ST:
    case BPF_STX:
      if (instruction.k >= BPF_MEMWORDS) return false;
      machine.memory[instruction.k] = BPF_CLASS(instruction.code) == BPF_ST ? machine.a : machine.x;
      return true;
    case BPF_ALU:
      return Calculate(BPF_OP(instruction.code), BPF_SRC(instruction.code) == BPF_X ? machine.x : instruction.k,
                       machine.a);
    case BPF_MISC:
      if (BPF_MISCOP(instruction.code) == BPF_TAX) {
        machine.x = machine.a;
      } else {
        machine.a = machine.x;
      }
      return true;
    default:
      return false;
  }
}

}  // namespace

// Jumps go forward only, so it ends.
uint32_t RunFilter(std::span<const sock_filter> program, const seccomp_data& call) {
  Machine machine;
  for (uint64_t at = 0; at < program.size(); ++at) {
    const sock_filter& instruction = program[at];
    if (BPF_CLASS(instruction.code) == BPF_RET) {
      return BPF_RVAL(instruction.code) == BPF_A ? machine.a : instruction.k;
    }
    if (BPF_CLASS(instruction.code) != BPF_JMP) {
      if (!Execute(instruction, call, machine)) break;
    } else if (BPF_OP(instruction.code) == BPF_JA) {
      at += instruction.k;
    } else {
      const uint32_t operand = BPF_SRC(instruction.code) == BPF_X ? machine.x : instruction.k;
      bool holds = false;
      if (!Compare(BPF_OP(instruction.code), machine.a, operand, holds)) break;
      at += holds ? instruction.jt : instruction.jf;
    }
  }
  return SECCOMP_RET_KILL_PROCESS;
}

}  // namespace fdtrace
