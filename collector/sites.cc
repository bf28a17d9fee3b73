#include "collector/sites.h"

#include <algorithm>
#include <map>

namespace fdtrace {
namespace {

constexpr size_t kMaxNameBytes = 128;

// A name from a stranger's memory becomes one that a proto3 string may hold.
std::string Plain(absl::string_view name) {
  std::string plain(name.substr(0, kMaxNameBytes));
  for (char& byte : plain) {
    if (byte < 0x20 || byte > 0x7e) byte = '?';
  }
  return plain.empty() ? "?" : plain;
}

}  // namespace

uint32_t Numbers::Of(absl::string_view text) {
  if (const auto it = numbers_.find(text); it != numbers_.end()) return it->second;
  texts_.emplace_back(text);
  return numbers_[texts_.back()] = size();
}

uint32_t Sites::Module(uint64_t key, const ModuleFile& file) {
  TraceModule record;
  record.set_path(std::string(file.path));
  record.set_build_id(std::string(file.build_id));
  record.set_is_python(file.is_python);
  const uint32_t module = modules_.Of(record.SerializeAsString());
  modules_by_key_.try_emplace(key, module);
  return module;
}

uint32_t Sites::ModuleByKey(uint64_t key) const {
  const auto it = modules_by_key_.find(key);
  return it == modules_by_key_.end() ? 0 : it->second;
}

uint32_t Sites::PythonCode(const TracePythonCode& code) { return python_code_.Of(code.SerializeAsString()); }

uint32_t Sites::Stack(const TraceStack& stack) {
  const uint32_t known = stacks_.size();
  const uint32_t number = stacks_.Of(stack.SerializeAsString());
  if (number <= known || !code_seen_) return number;
  for (const TraceFrame& frame : stack.frames()) {
    // Most stacks are new ways through code that others have led through.
    if (frame.module() == 0 || !told_.insert({frame.module(), frame.address()}).second) continue;
    TraceModule module;
    if (module.ParseFromString(modules_.Text(frame.module()))) code_seen_(module, frame.address());
  }
  return number;
}

uint32_t Sites::Name(absl::string_view function) { return names_.Of(Plain(function)); }

Sites::FunctionRow Sites::Function(uint32_t number, absl::string_view name, Resource resource) {
  const FunctionRow row = {.name = Name(name), .resource = resource};
  functions_.try_emplace(number, row);
  return row;
}

std::optional<Sites::FunctionRow> Sites::FunctionByNumber(uint32_t number) const {
  const auto it = functions_.find(number);
  if (it == functions_.end()) return std::nullopt;
  return it->second;
}

uint32_t Sites::Place(uint32_t stack, uint32_t name) {
  const auto [it, is_new] = place_numbers_.try_emplace({stack, name}, 0);
  if (is_new) {
    places_.emplace_back();
    places_.back().stack = stack;
    places_.back().name = name;
    it->second = static_cast<uint32_t>(places_.size());
  }
  return it->second;
}

uint32_t Sites::UnresolvedPlace() {
  places_.emplace_back();
  return static_cast<uint32_t>(places_.size());
}

void Sites::Resolve(uint32_t unresolved, uint32_t place) {
  PlaceRecord& from = places_[unresolved - 1];
  PlaceRecord& to = places_[place - 1];
  if (unresolved == place || from.joined_to != 0) return;
  from.joined_to = place;
  if (from.site == nullptr) return;
  if (to.site == nullptr) {
    to.site = std::move(from.site);
  } else {
    to.site->Absorb(*from.site);
    from.site.reset();
  }
}

uint32_t Sites::Find(uint32_t place) const {
  const uint32_t joined_to = places_[place - 1].joined_to;
  return joined_to == 0 ? place : joined_to;  // what is joined to is resolved, and never joined itself
}

Site& Sites::At(uint32_t place) {
  std::unique_ptr<Site>& site = places_[Find(place) - 1].site;
  if (site == nullptr) site = std::make_unique<Site>();
  return *site;
}

const Site* Sites::Known(uint32_t place) const { return places_[Find(place) - 1].site.get(); }

TraceSite Sites::Totals() const {
  TraceSite totals;
  for (const PlaceRecord& place : places_) {
    if (place.site == nullptr) continue;
    totals.set_opened(totals.opened() + place.site->opened());
    totals.set_closed(totals.closed() + place.site->closed());
    totals.set_closed_unseen(totals.closed_unseen() + place.site->closed_unseen());
    totals.set_still_open(totals.still_open() + place.site->still_open());
  }
  return totals;
}

TracePlace Sites::ToTrace(uint32_t place, uint64_t count) const {
  TracePlace trace;
  trace.set_count(count);
  if (place == 0) return trace;
  const PlaceRecord& record = places_[Find(place) - 1];
  trace.set_stack(record.stack);
  trace.set_function(record.name == 0 ? "?" : names_.Text(record.name));
  return trace;
}

absl::Status Sites::WriteCode(TraceWriter& writer) const {
  const auto write = [&](const Numbers& records, auto* (TraceRecord::*part)()) {
    TraceRecord record;
    auto& numbered = *(record.*part)();
    for (uint32_t index = 1; index <= records.size(); ++index) {
      numbered.ParseFromString(records.Text(index));
      numbered.set_index(index);
      if (absl::Status status = writer.Append(record); !status.ok()) return status;
    }
    return absl::OkStatus();
  };
  absl::Status status = write(modules_, &TraceRecord::mutable_module);
  status.Update(write(python_code_, &TraceRecord::mutable_python_code));
  status.Update(write(stacks_, &TraceRecord::mutable_stack));
  return status;
}

TraceSite Sites::SiteRecord(uint32_t number) const {
  const PlaceRecord& place = places_[number - 1];
  TraceSite trace = place.site->ToTrace();
  trace.set_stack(place.stack);
  trace.set_function(names_.Text(place.name));
  // Closers may have been joined since they were counted. Most frequent first.
  std::map<uint32_t, uint64_t> counts;
  for (const auto& [closer, count] : place.site->closers()) counts[Find(closer)] += count;
  std::vector<std::pair<uint32_t, uint64_t>> closers(counts.begin(), counts.end());
  std::stable_sort(closers.begin(), closers.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [closer, count] : closers) {
    TraceClosedAt& closed_at = *trace.add_closed_at();
    closed_at.set_stack(places_[closer - 1].stack);
    closed_at.set_function(places_[closer - 1].name == 0 ? "?" : names_.Text(places_[closer - 1].name));
    closed_at.set_count(count);
  }
  return trace;
}

absl::Status Sites::Write(TraceWriter& writer, absl::flat_hash_map<uint32_t, uint32_t>& site_of_place) const {
  if (absl::Status status = WriteCode(writer); !status.ok()) return status;
  std::vector<uint32_t> with_site;
  for (uint32_t number = 1; number <= places_.size(); ++number) {
    if (places_[number - 1].site != nullptr) with_site.push_back(number);
  }
  // As they were first used: the numbers of places that were resolved late follow no order.
  std::stable_sort(with_site.begin(), with_site.end(), [this](uint32_t a, uint32_t b) {
    return places_[a - 1].site->first_opened_ns() < places_[b - 1].site->first_opened_ns();
  });
  for (const uint32_t number : with_site) {
    const auto index = static_cast<uint32_t>(site_of_place.size()) + 1;
    site_of_place[number] = index;
    TraceRecord record;
    *record.mutable_site() = SiteRecord(number);
    record.mutable_site()->set_index(index);
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
