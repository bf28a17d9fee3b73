// Reads one module's file at a time, its addresses sorted.
#include "viewer/symbolizer.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "proto/trace_file.h"
#include "viewer/early_symbols.h"
#include "viewer/module_symbols.h"
#include "viewer/printable.h"
#include "viewer/python_names.h"

namespace fdtrace {
namespace {

// What is to be looked up in one module.
struct Wanted {
  absl::flat_hash_set<uint64_t> addresses;
  // The first open of a site with frames in it: the module was loaded by then.
  uint64_t in_use_at_ns = std::numeric_limits<int64_t>::max();
};
using WantedByModule = std::map<uint32_t, Wanted>;

// Gathers what stacks need, but what the trace knows already.
class Gathering {
 public:
  explicit Gathering(const Trace& trace) {
    for (const StoredStack& stack : trace.stacks) stacks_[stack.index] = &stack;
  }

  void Want(uint32_t stack, uint64_t at_ns) {
    const auto found = stacks_.find(stack);
    if (found == stacks_.end()) return;
    for (const StoredStack::Code& code : found->second->frames) {
      if (code.module == 0) continue;
      Wanted& module = wanted_[code.module];
      module.addresses.insert(code.address);
      module.in_use_at_ns = std::min(module.in_use_at_ns, at_ns);
    }
  }

  template <typename Places>
  void WantAll(const Places& places, uint64_t at_ns) {
    for (const auto& place : places) Want(place.stack(), at_ns);
  }

  void Drop(const TraceSymbol& known) {
    const auto found = wanted_.find(known.module());
    if (found == wanted_.end()) return;
    if (known.unread_reason().empty()) {
      found->second.addresses.erase(known.address());
    } else {
      wanted_.erase(found);
    }
  }

  WantedByModule Take() { return std::move(wanted_); }

 private:
  absl::flat_hash_map<uint32_t, const StoredStack*> stacks_;
  WantedByModule wanted_;
};

// These records tell no time of their places: code that no site names is known to have been loaded by the end only.
void WantPlacesOfFiles(const Trace& trace, Gathering& gathering) {
  const uint64_t end_ns = trace.end ? trace.end->duration_ns() : 0;
  for (const TracePinned& pinned : trace.pinned) {
    gathering.WantAll(pinned.opened_at(), end_ns);
    gathering.Want(pinned.removed_at().stack(), pinned.removed_ns());
  }
  for (const TraceLeftover& leftover : trace.leftovers) gathering.WantAll(leftover.created_at(), end_ns);
  for (const TraceGrowth& growth : trace.growths) gathering.Want(growth.opened_at().stack(), end_ns);
  for (const TraceFilesystem& filesystem : trace.filesystems) gathering.WantAll(filesystem.peak_opened_at(), end_ns);
}

void WantPlacesOfFailures(const Trace& trace, Gathering& gathering) {
  for (const TraceFailure& failure : trace.failures) {
    gathering.Want(failure.failed_at().stack(), failure.first_ns());
    for (const TraceBlame& blame : failure.blamed()) gathering.Want(blame.at().stack(), failure.first_ns());
  }
}

void WantPlacesOfBadCloses(const Trace& trace, Gathering& gathering) {
  for (const TraceBadClose& close : trace.bad_closes) {
    gathering.Want(close.at().stack(), close.first_ns());
    gathering.Want(close.previously_closed_at().stack(), close.first_ns());
    gathering.Want(close.originally_opened_at().stack(), close.first_ns());
  }
}

WantedByModule AddressesOf(const Trace& trace) {
  Gathering gathering(trace);
  for (const TraceSite& site : trace.sites) {
    gathering.Want(site.stack(), site.first_opened_ns());
    gathering.WantAll(site.closed_at(), site.first_opened_ns());
  }
  WantPlacesOfFiles(trace, gathering);
  WantPlacesOfFailures(trace, gathering);
  WantPlacesOfBadCloses(trace, gathering);
  for (const TraceSymbol& known : trace.symbols) gathering.Drop(known);
  return gathering.Take();
}

TraceSymbol SymbolOf(uint32_t module, uint64_t address, const std::vector<Place>& places) {
  TraceSymbol symbol;
  symbol.set_module(module);
  symbol.set_address(address);
  for (const Place& place : places) {
    TraceSource& source = *symbol.add_places();
    // Names in debug information are bytes of any encoding; protobuf strings are UTF-8.
    source.set_function(Printable(place.function));
    source.set_file(Printable(place.file));
    source.set_line(place.line);
  }
  return symbol;
}

absl::StatusOr<std::unique_ptr<ModuleSymbols>> Open(const TracedFile& file, EarlySymbols* early) {
  if (early != nullptr) {
    if (auto module = early->Take(file.path, file.build_id)) return module;
  }
  return ModuleSymbols::Open(file);
}

void LookUp(uint32_t index, const TracedFile& file, const Wanted& wanted, EarlySymbols* early,
            std::vector<TraceSymbol>& symbols) {
  const absl::StatusOr<std::unique_ptr<ModuleSymbols>> module = Open(file, early);
  if (!module.ok()) {
    symbols.emplace_back().set_module(index);
    symbols.back().set_unread_reason(Printable(module.status().message()));
    return;
  }
  std::vector<uint64_t> addresses(wanted.addresses.begin(), wanted.addresses.end());
  std::sort(addresses.begin(), addresses.end());
  for (const uint64_t address : addresses) {
    if (address == 0) continue;
    // A return address is that of the instruction after the call, which may belong to the next line or even the next
    // function; one byte before it lies within the call.
    const std::vector<Place> places = (*module)->Find(address - 1);
    if (!places.empty()) symbols.push_back(SymbolOf(index, address, places));
  }
}

}  // namespace

std::vector<TraceSymbol> LookUpSymbols(const Trace& trace, const SymbolProgress& progress, EarlySymbols* early) {
  const WantedByModule wanted = AddressesOf(trace);
  absl::flat_hash_map<uint32_t, const TraceModule*> modules;
  for (const TraceModule& module : trace.modules) modules[module.index()] = &module;
  size_t total = 0;
  for (const auto& [index, module] : wanted) total += module.addresses.size();

  std::vector<TraceSymbol> symbols;
  size_t done = 0;
  for (const auto& [index, want] : wanted) {
    if (progress) progress(done, total);
    done += want.addresses.size();
    const auto module = modules.find(index);
    // The vDSO has no file.
    if (module == modules.end() || module->second->path().empty() || want.addresses.empty()) continue;
    const TraceStart& start = trace.start ? *trace.start : TraceStart::default_instance();
    const std::filesystem::path directory(start.directory());
    LookUp(index,
           TracedFile{.path = (directory / module->second->path()).string(),
                      .build_id = module->second->build_id(),
                      .in_use_at_unix_ns = start.started_unix_ns() + static_cast<int64_t>(want.in_use_at_ns)},
           want, early, symbols);
  }
  if (progress) progress(total, total);
  return symbols;
}

absl::Status AddSymbols(const std::string& trace_path, const SymbolProgress& progress, EarlySymbols* early) {
  const absl::StatusOr<Trace> trace = ReadTrace(trace_path);
  if (!trace.ok()) return trace.status();
  if (trace->start && trace->start->redacted()) return absl::OkStatus();  // had them before its paths were replaced
  std::vector<TraceSymbol> symbols = LookUpSymbols(*trace, progress, early);
  std::vector<TracePythonName> names = LookUpPythonNames(*trace);
  if (symbols.empty() && names.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<TraceWriter>> writer = TraceWriter::Extend(trace_path);
  if (!writer.ok()) return writer.status();
  for (TraceSymbol& symbol : symbols) {
    TraceRecord record;
    *record.mutable_symbol() = std::move(symbol);
    if (absl::Status appended = (*writer)->Append(record); !appended.ok()) return appended;
  }
  for (TracePythonName& name : names) {
    TraceRecord record;
    *record.mutable_python_name() = std::move(name);
    if (absl::Status appended = (*writer)->Append(record); !appended.ok()) return appended;
  }
  return (*writer)->Close();
}

}  // namespace fdtrace
