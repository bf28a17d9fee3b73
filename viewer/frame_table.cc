#include "viewer/frame_table.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

constexpr absl::string_view kVdso = "[vdso]";

// No such text begins another.
std::string TextOf(const Frame& frame) {
  const std::string bytes = frame.SerializeAsString();
  return absl::StrCat(bytes.size(), ":", bytes);
}

// Sorts FRAMES and leaves each once. Returns the number of each that there was.
std::vector<uint32_t> NumberByText(std::vector<Frame>& frames) {
  std::vector<std::string> texts;
  texts.reserve(frames.size());
  for (const Frame& frame : frames) texts.push_back(TextOf(frame));
  std::vector<uint32_t> order(frames.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return texts[a] < texts[b]; });
  std::vector<Frame> sorted;
  std::vector<uint32_t> numbers(frames.size());
  const std::string* last = nullptr;
  for (const uint32_t i : order) {
    if (last == nullptr || *last != texts[i]) sorted.push_back(std::move(frames[i]));
    last = &texts[i];
    numbers[i] = static_cast<uint32_t>(sorted.size()) - 1;
  }
  sorted.shrink_to_fit();
  frames = std::move(sorted);
  return numbers;
}

}  // namespace

// What is needed until the table is full.
class FrameTable::Filling {
 public:
  Filling(const Trace& trace, FrameTable& table) : table_(table) {
    for (const TraceModule& module : trace.modules) {
      std::string& path = module_paths_[module.index()];
      path = module.path().empty() ? std::string(kVdso) : Printable(module.path());
      if (module.is_python() || IsPythonInterpreter(path)) table_.interpreters_.insert(path);
    }
    for (const TracePythonCode& code : trace.python_code) {
      Frame& frame = python_code_[code.index()];
      frame.set_function(Printable(code.function()));
      frame.set_file(Printable(code.file()));
    }
    for (const TracePythonName& name : trace.python_names) {
      if (const auto code = python_code_.find(name.code()); code != python_code_.end()) {
        code->second.set_function(Printable(name.function()));
      }
    }
    for (const TraceSymbol& symbol : trace.symbols) {
      if (symbol.places_size() > 0) symbols_[{symbol.module(), symbol.address()}] = &symbol;
    }
  }

  void Add(const StoredStack& stack) {
    Run& way = table_.stacks_[stack.index];
    way.begin = static_cast<uint32_t>(table_.ways_.size());
    for (const StoredStack::Code& code : stack.frames) table_.ways_.push_back(RunOf(code));
    way.end = static_cast<uint32_t>(table_.ways_.size());
  }

 private:
  using Place = std::pair<uint32_t, uint64_t>;  // module and address, or Python code and line

  uint32_t RunOf(const StoredStack::Code& code) {
    const bool is_python = code.python_code != 0;
    const auto next = static_cast<uint32_t>(table_.runs_.size());
    const auto [run, is_new] = is_python ? python_runs_.try_emplace({code.python_code, code.address}, next)
                                         : runs_.try_emplace({code.module, code.address}, next);
    if (!is_new) return run->second;
    const auto begin = static_cast<uint32_t>(table_.frames_.size());
    if (is_python) {
      AddPython(code);
    } else {
      AddNative(code);
    }
    table_.runs_.push_back({.begin = begin, .end = static_cast<uint32_t>(table_.frames_.size())});
    return run->second;
  }

  void AddPython(const StoredStack::Code& code) {
    Frame& shown = table_.frames_.emplace_back();
    if (const auto known = python_code_.find(code.python_code); known != python_code_.end()) shown = known->second;
    shown.set_language(Frame::PYTHON);
    shown.set_line(static_cast<uint32_t>(code.address));
  }

  void AddNative(const StoredStack::Code& code) {
    const auto path = module_paths_.find(code.module);
    const std::string module = path != module_paths_.end() ? path->second : std::string();
    const auto symbol = symbols_.find(Place(code.module, code.address));
    if (symbol == symbols_.end()) {
      Frame& unknown = table_.frames_.emplace_back();
      unknown.set_module(module);
      unknown.set_address(code.address);
      return;
    }
    const auto& places = symbol->second->places();
    for (int i = 0; i < places.size(); ++i) {
      Frame& shown = table_.frames_.emplace_back();
      shown.set_function(Printable(places[i].function()));
      shown.set_file(Printable(places[i].file()));
      shown.set_line(places[i].line());
      shown.set_module(module);
      shown.set_inlined(i + 1 < places.size());
      if (shown.function().empty()) shown.set_address(code.address);
    }
  }

  FrameTable& table_;
  absl::flat_hash_map<uint32_t, std::string> module_paths_;
  absl::flat_hash_map<uint32_t, Frame> python_code_;
  absl::flat_hash_map<Place, const TraceSymbol*> symbols_;
  absl::flat_hash_map<Place, uint32_t> runs_;
  absl::flat_hash_map<Place, uint32_t> python_runs_;
};

FrameTable::FrameTable(const Trace& trace) {
  Filling filling(trace, *this);
  for (const StoredStack& stack : trace.stacks) filling.Add(stack);
  shown_ = NumberByText(frames_);
}

std::vector<const Frame*> FrameTable::Of(uint32_t stack) const {
  std::vector<const Frame*> frames;
  const auto found = stacks_.find(stack);
  if (found == stacks_.end()) return frames;
  frames.reserve(size_t{2} * (found->second.end - found->second.begin));
  for (uint32_t step = found->second.begin; step < found->second.end; ++step) {
    const Run& run = runs_[ways_[step]];
    for (uint32_t i = run.begin; i < run.end; ++i) frames.push_back(&frames_[shown_[i]]);
  }
  return frames;
}

}  // namespace fdtrace
