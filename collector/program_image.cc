#include "collector/program_image.h"

#include <utility>

namespace fdtrace {

ProgramImage::ProgramImage(uint32_t serial, std::shared_ptr<Definitions> ancestor)
    : serial_(serial), definitions_(std::make_shared<Definitions>(std::move(ancestor))) {}

void ProgramImage::TryResolve(uint32_t function, uint64_t stack, PlaceUse& use, bool settle, Sites& sites) {
  const auto row = definitions_->FindFunction(function, sites);
  const auto index = definitions_->FindStack(stack, sites);
  use.resolved = row.has_value() && index.has_value();
  if (!use.resolved && !settle) {
    if (use.place == 0) use.place = sites.UnresolvedPlace();
    return;
  }
  const uint32_t place = sites.Place(index.value_or(0), row ? row->name : sites.Name("?"));
  if (use.place != 0) sites.Resolve(use.place, place);
  use.place = place;
  if (row && use.opens) {
    Site& site = sites.At(place);
    if (site.made == RESOURCE_UNKNOWN) site.made = row->resource;
    if (site.resource == RESOURCE_UNKNOWN) site.resource = row->resource;
  }
}

ProgramImage::PlaceUse& ProgramImage::UseOf(uint32_t function, uint64_t stack, Sites& sites) {
  PlaceUse& use = uses_[{function, stack}];
  if (!use.resolved) TryResolve(function, stack, use, /*settle=*/false, sites);
  return use;
}

uint32_t ProgramImage::PlaceOfOpen(const Opened& opened, Sites& sites) {
  PlaceUse& use = UseOf(opened.function(), opened.stack(), sites);
  if (!use.opens) {
    use.opens = true;
    if (use.resolved)
      TryResolve(opened.function(), opened.stack(), use, /*settle=*/false, sites);  // tells the site what it makes
  }
  return use.place;
}

bool ProgramImage::CameUpon(const Opened& opened) {
  if (std::exchange(told_anything, true)) return opened.fd() == std::exchange(first_companion_, -1);
  first_companion_ = opened.companion() - 1;
  return true;
}

void ProgramImage::Settle(Sites& sites, absl::flat_hash_set<uint32_t>& opened_at) {
  for (auto& [key, use] : uses_) {
    if (!use.resolved) {
      const auto [function, stack] = key;
      if (!definitions_->FindStack(stack, sites)) {
        if (use.opens) sites.CountStackLost(sites.At(use.place).opened());
      }
      TryResolve(function, stack, use, /*settle=*/true, sites);
    }
    if (use.opens) opened_at.insert(use.place);
  }
  uses_.clear();
}

}  // namespace fdtrace
