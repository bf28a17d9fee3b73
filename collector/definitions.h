// What one program image calls its functions, modules and stacks by, and what they are. Pure.
//
// A forked child uses the names its ancestors sent, and they may be read after the child's own events: so an image
// keeps its ancestor's definitions at hand, and looks there for what it does not know itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "collector/sites.h"
#include "proto/event.pb.h"

namespace fdtrace {

class Definitions {
 public:
  // `ancestor` may be null.
  explicit Definitions(std::shared_ptr<Definitions> ancestor);

  // False when the record cannot be what an interposer sent.
  bool Define(const Function& function, Sites& sites);
  bool Define(const Module& module, Sites& sites);
  bool Define(const PythonCode& code, Sites& sites);
  bool Define(const Stack& stack, Sites& sites);

  // Not found, or not yet: nullopt.
  std::optional<Sites::FunctionRow> FindFunction(uint32_t number, const Sites& sites) const;
  std::optional<uint32_t> FindStack(uint64_t hash, Sites& sites);

  size_t size() const { return functions_.size() + modules_.size() + code_.size() + stacks_.size(); }

 private:
  struct StackRecord {
    uint32_t index = 0;  // Sites::Stack; 0 while a module is missing, then:
    std::unique_ptr<Stack> frames;
  };

  using Numbered = absl::flat_hash_map<uint64_t, uint32_t>;  // by key

  uint32_t Find(Numbered Definitions::*numbered, uint64_t key) const;  // 0: not here
  bool Locate(uint64_t key, uint64_t address, const Sites& sites, TraceFrame& frame) const;
  uint32_t Number(const Stack& frames, Sites& sites) const;
  bool Complete(StackRecord& record, Sites& sites) const;
  void TakeOverAncestors();

  std::shared_ptr<Definitions> ancestor_;
  int depth_ = 0;  // ancestors above
  absl::flat_hash_map<uint32_t, Sites::FunctionRow> functions_;
  Numbered modules_;
  Numbered code_;
  absl::flat_hash_map<uint64_t, StackRecord> stacks_;
};

}  // namespace fdtrace
