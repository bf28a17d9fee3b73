// Walks stacks as fdtrace does and as libunwind does, and compares: at every single instruction of real code, with all
// its prologues, epilogues, jumps through the linkage table and the loader's resolver.
#include "interposer/stack_walk.h"

#include <dlfcn.h>
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "interposer/loaded_objects.h"
#include "interposer/python_interpreter.h"

namespace fdtrace {

void NoticePython(const LoadedObject&) {}

namespace {

constexpr size_t kMaxFrames = 128;

struct Frames {
  std::array<void*, kMaxFrames> addresses;
  size_t count = 0;

  std::vector<void*> List() const { return {addresses.begin(), addresses.begin() + static_cast<ptrdiff_t>(count)}; }
  bool operator==(const Frames& other) const {
    return count == other.count && std::equal(addresses.begin(), addresses.begin() + count, other.addresses.begin());
  }
};

// The walk's, which it has left in those, or remembers.
void Take(const Walk& walk, Frames& frames) {
  frames.count = walk.count;
  for (size_t i = 0; i < walk.steps.size(); ++i) {
    frames.addresses[i] = reinterpret_cast<void*>(walk.steps[i].returns_to());
  }
}

std::string Described(const Frames& frames) {
  std::string text;
  for (void* const address : frames.List()) {
    Dl_info info = {};
    dladdr(address, &info);
    text += (info.dli_sname != nullptr ? info.dli_sname : "?") + std::string(" ");
  }
  return text;
}

#define FDTRACE_TEXT_OF(name) #name
#define FDTRACE_TEXT(name) FDTRACE_TEXT_OF(name)

// Not linked: exceptions would be libunwind's, and its locks be held where it is asked.
class Libunwind {
 public:
  Libunwind() : library_(dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    Find(init, FDTRACE_TEXT(unw_init_local2));
    Find(step, FDTRACE_TEXT(unw_step));
    Find(get_register, FDTRACE_TEXT(unw_get_reg));
  }
  decltype(&::unw_init_local2) init;
  decltype(&::unw_step) step;
  decltype(&::unw_get_reg) get_register;

 private:
  template <typename Function>
  void Find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (function == nullptr) throw std::runtime_error(name);
  }
  void* const library_;
};
const Libunwind g_libunwind;

Frames ByLibunwind(ucontext_t& context) {
  Frames frames;
  unw_cursor_t cursor;
  g_libunwind.init(&cursor, &context, UNW_INIT_SIGNAL_FRAME);
  while (frames.count < kMaxFrames && g_libunwind.step(&cursor) > 0) {
    unw_word_t address = 0;
    g_libunwind.get_register(&cursor, UNW_REG_IP, &address);
    if (address == 0) break;
    frames.addresses[frames.count++] = reinterpret_cast<void*>(address);
  }
  return frames;
}

#if defined(__x86_64__)

Registers RegistersOf(const ucontext_t& context) {
  constexpr int kOrder[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                            REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  Registers registers = {};
  for (size_t i = 0; i < kRegisters; ++i)
    registers.value[i] = static_cast<uintptr_t>(context.uc_mcontext.gregs[kOrder[i]]);
  registers.next = registers.value[kReturnColumn];
  return registers;
}

// What the handler of SIGTRAP finds out; it allocates nothing.
struct Comparison {
  StackMemory memory;
  WalkMemory last_walk;
  size_t remembered = 0;
  size_t wrong_hashes = 0;
  size_t compared = 0;
  size_t by_rules = 0;
  size_t unknown = 0;  // libunwind gave up earlier
  size_t differ = 0;
  uintptr_t first_difference = 0;
  Frames expected;
  Frames walked;
};
Comparison g_comparison = {};

void Compare(int, siginfo_t*, void* interrupted) {
  auto& context = *static_cast<ucontext_t*>(interrupted);
  const int saved_errno = errno;  // libunwind's calls change it
  Comparison& comparison = g_comparison;
  const Registers registers = RegistersOf(context);
  Frames rows;
  Frames rules;
  rows.count = internal::WalkByRows(registers, comparison.memory, rows.addresses).count;
  const Walk by_rules = internal::WalkByRules(registers, comparison.memory, comparison.last_walk, rules.addresses);
  Take(by_rules, rules);
  if (!by_rules.steps.empty()) ++comparison.remembered;
  for (size_t i = 0; i < by_rules.steps.size(); ++i) {
    const auto rest = std::span<void* const>(rules.addresses).first(rules.count).subspan(i);
    if (by_rules.steps[i].hash != HashOfAddresses(rest)) ++comparison.wrong_hashes;
  }
  const Frames expected = ByLibunwind(context);
  ++comparison.compared;
  if (rules.count != 0) ++comparison.by_rules;
  if (rows.count > expected.count) ++comparison.unknown;
  const auto equals = [&](const Frames& frames) {
    return frames.count >= expected.count &&
           std::equal(expected.addresses.begin(), expected.addresses.begin() + expected.count,
                      frames.addresses.begin());
  };
  const bool equal = equals(rows) && (rules.count == 0 || rules == rows);
  if (!equal && comparison.differ++ == 0) {
    comparison.first_difference = registers.next;
    comparison.expected = expected;
    comparison.walked = equals(rows) ? rules : rows;
  }
  errno = saved_errno;
}

// Every instruction while it lives.
class SingleSteps {
 public:
  SingleSteps() {
    g_comparison = {};
    struct sigaction action = {};
    action.sa_sigaction = Compare;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, &before_);
    asm volatile("pushf; orq $0x100, (%%rsp); popf" : : : "cc", "memory");
  }
  ~SingleSteps() {
    asm volatile("pushf; andq $~0x100, (%%rsp); popf" : : : "cc", "memory");
    sigaction(SIGTRAP, &before_, nullptr);
  }

 private:
  struct sigaction before_;
};

void ExpectNoDifference(size_t least_steps) {
  const Comparison& comparison = g_comparison;
  Dl_info at = {};
  dladdr(reinterpret_cast<void*>(comparison.first_difference), &at);
  EXPECT_EQ(comparison.differ, 0u) << "of " << comparison.compared << ", first in "
                                   << (at.dli_sname != nullptr ? at.dli_sname : "?") << " of "
                                   << (at.dli_fname != nullptr ? at.dli_fname : "?") << " at " << std::hex
                                   << comparison.first_difference - reinterpret_cast<uintptr_t>(at.dli_fbase)
                                   << "\nby libunwind " << Described(comparison.expected) << "\nby fdtrace   "
                                   << Described(comparison.walked);
  EXPECT_GT(comparison.compared, least_steps);
  EXPECT_GT(comparison.by_rules, comparison.compared / 4);
  EXPECT_GT(comparison.remembered, comparison.by_rules / 2);
  EXPECT_EQ(comparison.wrong_hashes, 0u);
  EXPECT_LT(comparison.unknown, comparison.compared / 1000);
}

class StackWalkTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (FindLoadedObject(reinterpret_cast<uintptr_t>(&SetUpTestSuite)) == nullptr) ListLoadedObjects();
  }
};

TEST_F(StackWalkTest, EqualsLibunwindsAtEveryInstructionOfLibc) {
  std::array<double, 40> numbers;
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>((i * 7919) % 41);
  char text[256];
  {
    const SingleSteps steps;
    qsort(numbers.data(), numbers.size(), sizeof(double), [](const void* a, const void* b) {
      return static_cast<int>(*static_cast<const double*>(a) - *static_cast<const double*>(b));
    });
    snprintf(text, sizeof text, "%.17g %s %lld", numbers[3] / 3, "text", 12345678901234LL);
    setenv("FDTRACE_STACK_WALK_TEST", text, 1);
    if (FILE* const file = fopen("/proc/self/maps", "r")) {
      (void)!fgets(text, sizeof text, file);
      fclose(file);
    }
  }
  ExpectNoDifference(10'000);
}

TEST_F(StackWalkTest, EqualsLibunwindsAtEveryInstructionOfCxx) {
  std::string joined;
  {
    const SingleSteps steps;
    std::map<std::string, int> counts;
    for (int i = 0; i < 20; ++i) ++counts["a long number " + std::to_string(i % 7)];
    std::ostringstream stream;
    for (const auto& [name, count] : counts) stream << name << ' ' << count << ' ';
    joined = stream.str();
  }
  EXPECT_EQ(joined.substr(0, 18), "a long number 0 3 ");
  ExpectNoDifference(10'000);
}

TEST_F(StackWalkTest, EqualsLibunwindsAtEveryInstructionOfAThrow) {
  int caught = 0;
  {
    const SingleSteps steps;
    try {
      throw std::runtime_error("thrown");
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
  EXPECT_EQ(caught, 1);
  ExpectNoDifference(1'000);
}

TEST_F(StackWalkTest, EqualsLibunwindsInTheLoader) {
  void* library = nullptr;
  {
    const SingleSteps steps;
    library = dlopen("libm.so.6", RTLD_LAZY);
    if (library != nullptr) (void)dlsym(library, "cosf");
  }
  ASSERT_NE(library, nullptr);
  dlclose(library);
  ExpectNoDifference(1'000);
}

#endif

// By both ways, which must agree.
Frames Walked() {
  StackMemory memory = {};
  Frames rules;
  Frames rows;
  const Registers own = OwnRegisters();
  static WalkMemory last;
  Take(internal::WalkByRules(own, memory, last, rules.addresses), rules);
  rows.count = internal::WalkByRows(own, memory, rows.addresses).count;
  EXPECT_EQ(Described(rules), Described(rows));
  EXPECT_EQ(rules, rows);
  return rules;
}

// libunwind 1.6 can read wild addresses here.
__attribute__((noinline)) Frames WithRealignedStack(int depth) {
  alignas(64) volatile char aligned[64];
  auto* const room = static_cast<volatile char*>(__builtin_alloca(static_cast<size_t>(depth) + 1));
  room[0] = 1;
  aligned[0] = 1;
  const Frames frames = depth == 0 ? Walked() : WithRealignedStack(depth - 1);
  room[0] = aligned[0];
  return frames;
}

TEST_F(StackWalkTest, GoesThroughRealignedStacks) {
  const Frames here = Walked();
  const Frames below = WithRealignedStack(10);
  ASSERT_EQ(below.count, here.count + 11);
  EXPECT_TRUE(
      std::equal(here.addresses.begin() + 1, here.addresses.begin() + here.count, below.addresses.begin() + 12));
}

// With another value in the frame pointer each time, where code uses it as a register.
__attribute__((noinline)) void CompareWithRows(int depth, WalkMemories& memories) {
  const int kept[] = {depth, rand()};
  if (depth > 0) {
    CompareWithRows(depth - 1, memories);
    asm volatile("" ::"r"(kept[0]), "r"(kept[1]));
    return;
  }
  StackMemory memory = {};
  Frames rules;
  Frames rows;
  const Registers own = OwnRegisters();
  const Walk walk = internal::WalkByRules(own, memory, memories.At(own.value[kStackPointer]), rules.addresses);
  Take(walk, rules);
  rows.count = internal::WalkByRows(own, memory, rows.addresses).count;
  EXPECT_EQ(Described(rules), Described(rows));
  EXPECT_EQ(rules, rows);
  ASSERT_FALSE(walk.steps.empty());
  EXPECT_EQ(walk.steps.front().hash, HashOfAddresses(std::span(rules.addresses).first(rules.count)));
}

TEST_F(StackWalkTest, RemembersWalksFromSeveralDepthsInTurn) {
  static WalkMemories memories;
  for (int round = 0; round < 100; ++round) {
    for (const int depth : {3, 7, 3, 5, round % 11}) CompareWithRows(depth, memories);
  }
}

// The addresses of a handler's stack, by both, from within it.
Frames g_in_handler;
Frames g_in_handler_by_libunwind;

void Handler(int) {
  StackMemory memory = {};
  static WalkMemory last;
  Take(WalkStack(memory, last, g_in_handler.addresses), g_in_handler);
  ucontext_t context;
  getcontext(&context);
  g_in_handler_by_libunwind = ByLibunwind(context);
}

TEST_F(StackWalkTest, GoesThroughTheFrameOfASignal) {
  signal(SIGUSR1, Handler);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_DFL);
  const std::vector<void*> walked = g_in_handler.List();
  const std::vector<void*> expected = g_in_handler_by_libunwind.List();
  // Ours begins in the handler, a frame earlier; what was interrupted shows as the address behind the next
  // instruction's first byte.
  ASSERT_EQ(walked.size(), expected.size() + 1);
  size_t differences = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (walked[i + 1] == expected[i]) continue;
    EXPECT_EQ(static_cast<char*>(walked[i + 1]) - 1, expected[i]);
    ++differences;
  }
  EXPECT_EQ(differences, 1u);
}

// A handler on a stack of its own: the walk goes over to the stack that was interrupted.
TEST_F(StackWalkTest, GoesFromASignalStackToTheOneThatWasInterrupted) {
  alignas(16) static char room[64 * 1024];
  const stack_t stack = {.ss_sp = room, .ss_flags = 0, .ss_size = sizeof room};
  stack_t before = {};
  ASSERT_EQ(sigaltstack(&stack, &before), 0);
  struct sigaction action = {};
  action.sa_handler = Handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_DFL);
  sigaltstack(&before, nullptr);
  EXPECT_EQ(g_in_handler.count, g_in_handler_by_libunwind.count + 1);
  ASSERT_GT(g_in_handler.count, 3u);
  EXPECT_EQ(g_in_handler.addresses[g_in_handler.count - 1],
            g_in_handler_by_libunwind.addresses[g_in_handler_by_libunwind.count - 1]);
}

__attribute__((noinline)) size_t Deep(int depth, std::span<void*> frames) {
  if (depth > 0) {
    const size_t count = Deep(depth - 1, frames);
    asm volatile("");
    return count;
  }
  StackMemory memory = {};
  static WalkMemory last;
  return WalkStack(memory, last, frames).count;
}

// libc unloads objects of its own, past any dlclose of ours; another mapping may take their place.
TEST_F(StackWalkTest, KnowsNoTablesOfAnObjectThatWasUnloadedUnseen) {
  void* const library = dlopen("libanl.so.1", RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  link_map* map = nullptr;
  ASSERT_EQ(dlinfo(library, RTLD_DI_LINKMAP, &map), 0);
  const auto address = reinterpret_cast<uintptr_t>(map->l_ld);
  EXPECT_TRUE(NoticeLoadedObject(address));
  EXPECT_NE(FindLoadedObject(address), nullptr);
  ASSERT_EQ(dlclose(library), 0);
  EXPECT_FALSE(NoticeLoadedObject(address));
  EXPECT_EQ(FindLoadedObject(address), nullptr);
}

// What garbage in a register may point to.
TEST(StackMemoryTest, ReadsNoMemoryThatIsNone) {
  StackMemory memory = {};
  uintptr_t word = 0;
  for (const uintptr_t address : {uintptr_t{0}, uintptr_t{8}, UINTPTR_MAX, UINTPTR_MAX - 7, UINTPTR_MAX - 15,
                                  UINTPTR_MAX - 4095, UINTPTR_MAX / 2, UINTPTR_MAX / 2 - 7, uintptr_t{1} << 47}) {
    EXPECT_FALSE(memory.Load(address, word)) << address;
  }
  const uintptr_t here = 42;
  EXPECT_TRUE(memory.Load(reinterpret_cast<uintptr_t>(&here), word));
  EXPECT_EQ(word, 42u);
  for (const uintptr_t address : {UINTPTR_MAX, UINTPTR_MAX - 7, UINTPTR_MAX - 4095}) {
    EXPECT_FALSE(memory.Load(address, word)) << address;
  }
}

TEST_F(StackWalkTest, EndsWhereThereIsNoRoomForMore) {
  std::array<void*, 16> frames;
  EXPECT_EQ(Deep(100, frames), 16u);
}

}  // namespace
}  // namespace fdtrace
