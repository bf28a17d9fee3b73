// The code of all processes: modules, stacks, function names, and the places that they make, each numbered once by its
// content, so that the same code in two processes is one place. A place is a stack and the function called there; a
// place where something was opened has a Site. Pure.
//
// A place may be used before its stack is known: it gets a number of its own and is joined to the right place later.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "collector/site.h"
#include "proto/trace_file.h"

namespace fdtrace {

// Numbers strings from 1 by their content.
class Numbers {
 public:
  uint32_t Of(absl::string_view text);
  const std::string& Text(uint32_t number) const { return texts_[number - 1]; }
  uint32_t size() const { return static_cast<uint32_t>(texts_.size()); }

 private:
  std::deque<std::string> texts_;  // stay where they are: the map looks into them
  absl::flat_hash_map<absl::string_view, uint32_t> numbers_;
};

class Sites {
 public:
  // The key is what processes call the module by; it finds the module again where a process's own record was lost.
  struct ModuleFile {
    absl::string_view path;
    absl::string_view build_id;
    bool is_python = false;
  };
  // Of the code that frames in modules are at, of each once, as the first stack that leads there becomes known.
  void Tell(std::function<void(const TraceModule& module, uint64_t address)> code_seen) {
    code_seen_ = std::move(code_seen);
  }

  uint32_t Module(uint64_t key, const ModuleFile& file);
  uint32_t ModuleByKey(uint64_t key) const;  // 0 when no process told
  uint32_t PythonCode(const TracePythonCode& code);
  uint32_t Stack(const TraceStack& stack);  // its frames' modules are Module()s, their code PythonCode()s
  uint32_t Name(absl::string_view function);
  const std::string& NameText(uint32_t name) const { return names_.Text(name); }

  // A function that is interposed. Its number is the same in all processes, so what one told serves where another's own
  // record was lost, or told by a child of vfork in its parent's stead.
  struct FunctionRow {
    uint32_t name = 0;
    Resource resource = RESOURCE_UNKNOWN;
  };
  FunctionRow Function(uint32_t number, absl::string_view name, Resource resource);
  std::optional<FunctionRow> FunctionByNumber(uint32_t number) const;

  // Stack 0: none is known.
  uint32_t Place(uint32_t stack, uint32_t name);
  uint32_t UnresolvedPlace();
  // From now on `unresolved` is `place`.
  void Resolve(uint32_t unresolved, uint32_t place);

  // The site at a place; made when there is none. Valid until the next call that may make or join one.
  Site& At(uint32_t place);
  const Site* Known(uint32_t place) const;  // null when there is none
  // A site's stack was not found in the end.
  void CountStackLost(uint64_t opened) { stacks_lost_ += opened; }

  uint64_t stacks_lost() const { return stacks_lost_; }
  // What all sites counted, summed up.
  TraceSite Totals() const;

  // Appends modules, stacks and sites, and tells the index in the trace of each place that has a site.
  absl::Status Write(TraceWriter& writer, absl::flat_hash_map<uint32_t, uint32_t>& site_of_place) const;
  uint32_t Find(uint32_t place) const;                       // through Resolve
  TracePlace ToTrace(uint32_t place, uint64_t count) const;  // place 0: not known

 private:
  struct PlaceRecord {
    uint32_t stack = 0;
    uint32_t name = 0;       // 0: unresolved
    uint32_t joined_to = 0;  // 0: stands for itself
    std::unique_ptr<Site> site;
  };

  absl::Status WriteCode(TraceWriter& writer) const;
  TraceSite SiteRecord(uint32_t place) const;

  std::function<void(const TraceModule& module, uint64_t address)> code_seen_;
  absl::flat_hash_set<std::pair<uint32_t, uint64_t>> told_;  // to code_seen_: module and address
  // Serialized records of the trace without an index.
  Numbers modules_;
  Numbers python_code_;
  Numbers stacks_;
  Numbers names_;
  absl::flat_hash_map<uint64_t, uint32_t> modules_by_key_;
  absl::flat_hash_map<uint32_t, FunctionRow> functions_;  // as first told
  std::vector<PlaceRecord> places_;                       // by number, from 1
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, uint32_t> place_numbers_;
  uint64_t stacks_lost_ = 0;
};

}  // namespace fdtrace
