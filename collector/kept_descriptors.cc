#include "collector/kept_descriptors.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace fdtrace {

void KeptDescriptors::Execute(uint32_t ring, uint64_t at_ns, const Executing& executing) {
  Ring& of = rings_[ring];
  of.latest = {.any = true,
               .spawns = executing.spawns(),
               .at_ns = at_ns,
               .is_under_way = executing.spawns(),
               .child_pid = 0,
               .test = executing.mark(),
               .receives = std::exchange(of.next, Openers())};
}

void KeptDescriptors::Spawned(uint32_t ring, uint32_t pid) {
  Announced& latest = rings_[ring].latest;
  latest.is_under_way = false;
  latest.child_pid = pid;
}

const KeptDescriptors::Announced* KeptDescriptors::Exec() const {
  const Announced* last = nullptr;
  for (const auto& [number, ring] : rings_) {
    const Announced& announced = ring.latest;
    if (!announced.any || announced.spawns) continue;
    if (last == nullptr || announced.at_ns > last->at_ns) last = &announced;
  }
  return last;
}

KeptDescriptors::Given KeptDescriptors::ToChild(uint32_t pid) const {
  std::vector<const Announced*> may_be;
  for (const auto& [number, ring] : rings_) {
    const Announced& announced = ring.latest;
    if (!announced.any || !announced.spawns) continue;
    if (pid != 0 && announced.child_pid == pid)
      return {.any = true, .certain = true, .test = announced.test, .receives = announced.receives};
    if (announced.child_pid == 0) may_be.push_back(&announced);
  }
  if (std::any_of(may_be.begin(), may_be.end(), [](const Announced* one) { return one->is_under_way; })) {
    std::erase_if(may_be, [](const Announced* one) { return !one->is_under_way; });
  }
  std::sort(may_be.begin(), may_be.end(), [](const Announced* a, const Announced* b) { return a->at_ns > b->at_ns; });
  Given given = {.any = !may_be.empty(), .test = may_be.empty() ? 0 : may_be.front()->test, .receives = {}};
  for (const Announced* announced : may_be) {
    for (const auto& [fd, opener] : announced->receives) given.receives.try_emplace(fd, opener);
  }
  return given;
}

}  // namespace fdtrace
