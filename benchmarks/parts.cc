// The parts that events pass through, each by itself: walking a stack, reading its tables, the collector's model.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>

#include "collector/model.h"
#include "collector/model_testing.h"
#include "interposer/frame_tables.h"
#include "interposer/loaded_objects.h"
#include "interposer/python_interpreter.h"
#include "interposer/stack_walk.h"

namespace fdtrace {

void NoticePython(const LoadedObject&) {}

namespace {

constexpr size_t kRoom = 128;

void ListObjects() {
  static const bool listed = (ListLoadedObjects(), true);
  benchmark::DoNotOptimize(listed);
}

// `work` at so many frames below here.
template <typename Work>
__attribute__((noinline)) void Below(int64_t frames, const Work& work) {
  if (frames == 0) {
    work();
  } else {
    Below(frames - 1, work);
  }
  benchmark::ClobberMemory();  // so that no call is a jump
}

void WalkAgain(benchmark::State& state) {
  ListObjects();
  Below(state.range(0), [&] {
    StackMemory memory = {};
    static WalkMemory last;
    std::array<void*, kRoom> frames;
    for (auto _ : state) benchmark::DoNotOptimize(WalkStack(memory, last, frames).count);
  });
}
BENCHMARK(WalkAgain)->Name("walk of a stack, most of it as before")->ArgName("frames")->Arg(5)->Arg(20)->Arg(60);

void WalkAnew(benchmark::State& state) {
  ListObjects();
  Below(state.range(0), [&] {
    StackMemory memory = {};
    static WalkMemory last;
    std::array<void*, kRoom> frames;
    for (auto _ : state) {
      last.Begin(0);  // nothing is remembered
      benchmark::DoNotOptimize(WalkStack(memory, last, frames).count);
    }
  });
}
BENCHMARK(WalkAnew)->Name("walk of a stack, rules known")->ArgName("frames")->Arg(5)->Arg(20)->Arg(60);

void ReadRow(benchmark::State& state) {
  ListObjects();
  const auto address = reinterpret_cast<uintptr_t>(&qsort) + 8;
  const LoadedObject* const libc = FindLoadedObject(address);
  FrameRow row;
  for (auto _ : state) benchmark::DoNotOptimize(FindFrameRow(*libc, address, row));
}
BENCHMARK(ReadRow)->Name("row for an address of libc");

Image FirstProgram() {
  Image image;
  image.serial = 1;
  image.pid = 100;
  image.executable = "/bin/program";
  return image;
}

void OpenAndClose(benchmark::State& state) {
  const auto model = MakeModel();
  model->ImageStarted(FirstProgram());
  model->Consume(1, 0, FunctionEvent(1, "open", FILE));
  model->Consume(1, 0, FunctionEvent(2, "close"));
  model->Consume(1, 0, ModuleEvent(7, "/bin/program"));
  const auto stacks = static_cast<uint64_t>(state.range(0));
  for (uint64_t stack = 1; stack <= stacks; ++stack) model->Consume(1, 0, StackEvent(stack, 7, stack));
  Event open = OpenedEvent(1, {.id = Id(1, 1), .function = 1, .stack = 1, .path = "/tmp/file"});
  Event close = ClosedEvent(1, {.id = Id(1, 1), .fd = 3, .function = 2, .stack = 1});
  uint64_t count = 0;
  for (auto _ : state) {
    ++count;
    open.set_at_ns(2 * count);
    open.mutable_opened()->set_id(Id(1, count));
    open.mutable_opened()->set_stack(1 + count % stacks);
    close.set_at_ns(2 * count + 1);
    close.mutable_closed()->set_id(Id(1, count));
    model->Consume(1, 0, open);
    model->Consume(1, 0, close);
  }
  state.SetItemsProcessed(static_cast<int64_t>(2 * count));
}
BENCHMARK(OpenAndClose)->Name("the model takes an open and its close")->ArgName("sites")->Arg(1)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace fdtrace

BENCHMARK_MAIN();
