#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <random>
#include <vector>

#include "interposer/seccomp_calls.h"
#include "interposer/seccomp_filter.h"

namespace fdtrace {
namespace {

constexpr uint32_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr uint32_t kReturn = BPF_RET | BPF_K;
constexpr uint32_t kNumberAt = offsetof(seccomp_data, nr);

sock_filter Do(uint32_t code, uint32_t k) { return {.code = static_cast<uint16_t>(code), .jt = 0, .jf = 0, .k = k}; }
sock_filter If(uint32_t comparison, uint32_t k, uint8_t jt, uint8_t jf) {
  return {.code = static_cast<uint16_t>(BPF_JMP | comparison | BPF_K), .jt = jt, .jf = jf, .k = k};
}

uint32_t Returned(const std::vector<sock_filter>& program, const seccomp_data& call = {}) {
  return RunFilter(program, call);
}

// Everything is allowed but the call, with the first argument if one is given.
std::vector<sock_filter> AllBut(int number) {
  return {Do(kLoad, kNumberAt), If(BPF_JEQ, static_cast<uint32_t>(number), 0, 1), Do(kReturn, SECCOMP_RET_KILL_PROCESS),
          Do(kReturn, SECCOMP_RET_ALLOW)};
}

TEST(SeccompFilter, EveryPartOfACallCanBeLoaded) {
  seccomp_data call = {};
  call.nr = 17;
  call.arch = AUDIT_ARCH_X86_64;
  call.instruction_pointer = 0x1122334455667788;
  call.args[5] = 0x99aabbccddeeff00;
  EXPECT_EQ(Returned({Do(kLoad, 0), Do(BPF_RET | BPF_A, 0)}, call), 17u);
  EXPECT_EQ(Returned({Do(kLoad, 4), Do(BPF_RET | BPF_A, 0)}, call), uint32_t{AUDIT_ARCH_X86_64});
  EXPECT_EQ(Returned({Do(kLoad, 12), Do(BPF_RET | BPF_A, 0)}, call), 0x11223344u);
  EXPECT_EQ(Returned({Do(kLoad, 60), Do(BPF_RET | BPF_A, 0)}, call), 0x99aabbccu);
  EXPECT_EQ(Returned({Do(BPF_LD | BPF_W | BPF_LEN, 0), Do(BPF_RET | BPF_A, 0)}, call), 64u);
}

TEST(SeccompFilter, WhatTheKernelWouldRefuseKills) {
  EXPECT_EQ(Returned({}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({Do(kLoad, 64), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({Do(kLoad, 2), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({Do(BPF_LD | BPF_B | BPF_ABS, 0), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({Do(BPF_ST, 16), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({Do(BPF_LD | BPF_MEM, 0xffffffff), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({Do(BPF_JMP | BPF_JA, 0xffffffff), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({If(BPF_JEQ, 0, 255, 255), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Returned({Do(BPF_ALU | BPF_DIV | BPF_X, 0), Do(kReturn, SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_PROCESS);
}

TEST(SeccompFilter, OnlyAllowAndLogLetACallThrough) {
  EXPECT_TRUE(Allows(SECCOMP_RET_ALLOW));
  EXPECT_TRUE(Allows(SECCOMP_RET_LOG | 7));
  for (const uint32_t action : {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
                                SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF}) {
    EXPECT_FALSE(Allows(action)) << action;
  }
}

// Anything but jumps out of the program and loads of the instruction pointer, which only the kernel knows.
sock_filter Arbitrary(std::mt19937& random, uint32_t left) {
  const uint32_t small = random() % 20, word = random() % 3 == 0 ? small : static_cast<uint32_t>(random());
  const uint32_t source = random() % 2 == 0 ? BPF_K : BPF_X;
  switch (random() % 9) {
    case 0:
      return Do(kLoad, offsetof(seccomp_data, args) + 4 * (random() % 12));
    case 1:
      return Do(BPF_LD | BPF_IMM, word);
    case 2:
      return Do(BPF_LDX | BPF_IMM, word);
    case 3:
      return Do(random() % 2 == 0 ? BPF_ST : BPF_STX, random() % BPF_MEMWORDS);
    case 4:
      return Do(BPF_MISC | (random() % 2 == 0 ? BPF_TAX : BPF_TXA), 0);
    case 5: {
      const uint32_t operations[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH};
      const uint32_t operation = operations[random() % 8];
      return Do(BPF_ALU | operation | source, operation == BPF_LSH || operation == BPF_RSH ? word % 32 : word);
    }
    case 6:
      return Do(BPF_ALU | BPF_DIV | BPF_K, word | 1);
    case 7:
      return Do(BPF_ALU | BPF_NEG, 0);
    default: {
      const uint32_t comparisons[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
      const auto jump = [&] { return static_cast<uint8_t>(random() % (left < 8 ? left : 8)); };
      return If(comparisons[random() % 4] | source, word, jump(), jump());
    }
  }
}

// Asked about getppid, it returns an error number that hangs on both registers.
std::vector<sock_filter> ArbitraryProgram(std::mt19937& random) {
  const uint32_t length = 1 + random() % 24;
  std::vector<sock_filter> program = {Do(kLoad, kNumberAt), If(BPF_JEQ, SYS_getppid, 1, 0),
                                      Do(kReturn, SECCOMP_RET_ALLOW)};
  // The kernel refuses a load from memory that was not stored before; one store of each makes all of them good.
  for (uint32_t slot = 0; slot < BPF_MEMWORDS; ++slot) program.push_back(Do(BPF_ST, slot));
  for (uint32_t i = 0; i < length; ++i) program.push_back(Arbitrary(random, length - i));
  program.push_back(Do(BPF_STX, 0));
  program.push_back(Do(BPF_LDX | BPF_MEM, 0));
  program.push_back(Do(BPF_ALU | BPF_ADD | BPF_X, 0));
  program.push_back(Do(BPF_MISC | BPF_TAX, 0));
  program.push_back(Do(BPF_ALU | BPF_RSH | BPF_K, 11));
  program.push_back(Do(BPF_ALU | BPF_XOR | BPF_X, 0));
  program.push_back(Do(BPF_ALU | BPF_AND | BPF_K, 0x7ff));
  program.push_back(Do(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO));
  program.push_back(Do(BPF_RET | BPF_A, 0));
  return program;
}

// What getppid(arguments…) returns under the filter in a process of its own; -1 when the kernel refused the filter.
int AskKernel(const std::vector<sock_filter>& program, const uint64_t (&arguments)[6]) {
  int pipes[2];
  if (pipe(pipes) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    const sock_fprog passed = {static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int answer = -1;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &passed) == 0) {
      errno = 0;
      const long result =
          syscall(SYS_getppid, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
      answer = result == -1 ? errno : 0;  // the error 0 returns 0
    }
    (void)!write(pipes[1], &answer, sizeof answer);
    _exit(0);
  }
  int answer = -1;
  close(pipes[1]);
  (void)!read(pipes[0], &answer, sizeof answer);
  close(pipes[0]);
  waitpid(child, nullptr, 0);
  return answer;
}

TEST(SeccompFilter, ArbitraryProgramsReturnWhatTheKernelMakesOfThem) {
  std::mt19937 random(20240501);
  int compared = 0;
  for (int round = 0; round < 400; ++round) {
    const std::vector<sock_filter> program = ArbitraryProgram(random);
    const uint64_t arguments[6] = {random(), 0, ~uint64_t{0}, uint64_t{random()} << 32, 3, random()};
    const int answer = AskKernel(program, arguments);
    if (answer < 0) continue;
    seccomp_data call = {};
    call.nr = SYS_getppid;
    for (size_t i = 0; i < 6; ++i) call.args[i] = arguments[i];
    call.arch = AUDIT_ARCH_X86_64;
    const uint32_t ours = RunFilter(program, call);
    EXPECT_EQ(ours & SECCOMP_RET_ACTION_FULL, uint32_t{SECCOMP_RET_ERRNO}) << "round " << round;
    EXPECT_EQ(static_cast<int>(ours & SECCOMP_RET_DATA), answer) << "round " << round;
    ++compared;
  }
  EXPECT_GT(compared, 300);
}

TEST(SeccompCalls, OneForbiddenCallForbidsItsPurposesAlone) {
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_ptrace), 1), 0u);
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_socket), 1), Bit(OurCall::kHello));
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_gettid), 1), Bit(OurCall::kHello) | Bit(OurCall::kThreadId));
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_tgkill), 1), Bit(OurCall::kThreadIsGone));
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_futex), 1), Bit(OurCall::kHello) | Bit(OurCall::kFutex));
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_prlimit64), 1), Bit(OurCall::kLimits));
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_statx), 1), 0u) << "asked only where no filter is";
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_statfs), 1), Bit(OurCall::kFilesystem));
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_fstatfs), 1), Bit(OurCall::kFilesystem));
  EXPECT_EQ(ForbiddenBy(AllBut(SYS_capget), 1), Bit(OurCall::kCapabilities));
}

TEST(SeccompCalls, EverythingIsForbiddenWhereNothingIsAllowed) {
  EXPECT_EQ(ForbiddenBy(std::vector<sock_filter>{Do(kReturn, SECCOMP_RET_ERRNO)}, 1), kAllOurCalls);
  EXPECT_EQ(ForbiddenBy(std::vector<sock_filter>{Do(kReturn, SECCOMP_RET_ALLOW)}, 1), 0u);
}

TEST(SeccompCalls, ArgumentsDecideWhereTheFilterLooksAtThem) {
  // Sockets of the internet alone.
  const std::vector<sock_filter> no_local_sockets = {
      Do(kLoad, kNumberAt),       If(BPF_JEQ, SYS_socket, 0, 3),         Do(kLoad, offsetof(seccomp_data, args[0])),
      If(BPF_JEQ, AF_INET, 1, 0), Do(kReturn, SECCOMP_RET_KILL_PROCESS), Do(kReturn, SECCOMP_RET_ALLOW)};
  EXPECT_EQ(ForbiddenBy(no_local_sockets, 1), Bit(OurCall::kHello));
  // Signals to this process alone.
  const std::vector<sock_filter> own_signals = {
      Do(kLoad, kNumberAt),    If(BPF_JEQ, SYS_tgkill, 0, 3),         Do(kLoad, offsetof(seccomp_data, args[0])),
      If(BPF_JEQ, 4711, 1, 0), Do(kReturn, SECCOMP_RET_KILL_PROCESS), Do(kReturn, SECCOMP_RET_ALLOW)};
  EXPECT_EQ(ForbiddenBy(own_signals, 4711), 0u);
  EXPECT_EQ(ForbiddenBy(own_signals, 4712), Bit(OurCall::kThreadIsGone));
}

}  // namespace
}  // namespace fdtrace
