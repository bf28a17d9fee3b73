#include "collector/definitions.h"

#include <utility>

namespace fdtrace {
namespace {

// A daemon that forks and ends, over and over, would else make an endless chain.
constexpr int kMaxDepth = 16;

}  // namespace

Definitions::Definitions(std::shared_ptr<Definitions> ancestor) : ancestor_(std::move(ancestor)) {
  if (ancestor_ == nullptr) return;
  if (ancestor_->depth_ >= kMaxDepth) ancestor_->TakeOverAncestors();
  depth_ = ancestor_->depth_ + 1;
}

void Definitions::TakeOverAncestors() {
  for (const Definitions* above = ancestor_.get(); above != nullptr; above = above->ancestor_.get()) {
    functions_.insert(above->functions_.begin(), above->functions_.end());
    modules_.insert(above->modules_.begin(), above->modules_.end());
    code_.insert(above->code_.begin(), above->code_.end());
    for (const auto& [hash, record] : above->stacks_) {
      const auto [it, is_new] = stacks_.try_emplace(hash);
      if (!is_new) continue;
      it->second.index = record.index;
      if (record.frames != nullptr) it->second.frames = std::make_unique<Stack>(*record.frames);
    }
  }
  ancestor_.reset();
  depth_ = 0;
}

bool Definitions::Define(const Function& function, Sites& sites) {
  const Resource resource = Resource_IsValid(function.resource()) ? function.resource() : RESOURCE_UNKNOWN;
  functions_[function.number()] = sites.Function(function.number(), function.name(), resource);
  return true;
}

bool Definitions::Define(const Module& module, Sites& sites) {
  if (module.key() == 0 || module.path().find('\0') != std::string::npos) return false;
  modules_[module.key()] = sites.Module(
      module.key(), {.path = module.path(), .build_id = module.build_id(), .is_python = module.is_python()});
  return true;
}

bool Definitions::Define(const PythonCode& code, Sites& sites) {
  if (code.key() == 0) return false;
  TracePythonCode known;
  known.set_file(code.file());
  known.set_function(code.function());
  known.set_qualified(code.qualified());
  known.set_first_line(code.first_line());
  code_[code.key()] = sites.PythonCode(known);
  return true;
}

bool Definitions::Define(const Stack& stack, Sites& sites) {
  if (stack.hash() == 0 || stack.modules_size() != stack.addresses_size()) return false;
  StackRecord& record = stacks_[stack.hash()];
  if (record.frames != nullptr) {
    Complete(record, sites);
  } else if (record.index == 0) {
    record.index = Number(stack, sites);
    if (record.index == 0) record.frames = std::make_unique<Stack>(stack);
  }
  return true;
}

std::optional<Sites::FunctionRow> Definitions::FindFunction(uint32_t number, const Sites& sites) const {
  for (const Definitions* at = this; at != nullptr; at = at->ancestor_.get()) {
    if (const auto it = at->functions_.find(number); it != at->functions_.end()) return it->second;
  }
  return sites.FunctionByNumber(number);
}

uint32_t Definitions::Find(Numbered Definitions::*numbered, uint64_t key) const {
  for (const Definitions* at = this; at != nullptr; at = at->ancestor_.get()) {
    const Numbered& here = at->*numbered;
    if (const auto it = here.find(key); it != here.end()) return it->second;
  }
  return 0;
}

// False: what the key means has not been told.
bool Definitions::Locate(uint64_t key, uint64_t address, const Sites& sites, TraceFrame& frame) const {
  if (const uint32_t code = Find(&Definitions::code_, key)) {
    frame.set_python_code(code);
    frame.set_line(static_cast<uint32_t>(address));
    return true;
  }
  uint32_t module = key == 0 ? 0 : Find(&Definitions::modules_, key);
  if (key != 0 && module == 0) module = sites.ModuleByKey(key);
  frame.set_module(module);
  frame.set_address(address);
  return key == 0 || module != 0;
}

// 0 while something that it names has not been told.
uint32_t Definitions::Number(const Stack& frames, Sites& sites) const {
  TraceStack stack;
  for (int i = 0; i < frames.modules_size(); ++i) {
    if (!Locate(frames.modules(i), frames.addresses(i), sites, *stack.add_frames())) return 0;
  }
  stack.set_truncated(frames.truncated());
  return sites.Stack(stack);
}

bool Definitions::Complete(StackRecord& record, Sites& sites) const {
  if (record.index != 0) return true;
  record.index = Number(*record.frames, sites);
  if (record.index == 0) return false;
  record.frames.reset();
  return true;
}

std::optional<uint32_t> Definitions::FindStack(uint64_t hash, Sites& sites) {
  if (hash == 0) return 0;
  for (Definitions* at = this; at != nullptr; at = at->ancestor_.get()) {
    if (const auto it = at->stacks_.find(hash); it != at->stacks_.end() && at->Complete(it->second, sites)) {
      return it->second.index;
    }
  }
  return std::nullopt;
}

}  // namespace fdtrace
