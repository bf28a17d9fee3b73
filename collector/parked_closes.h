// Closes that were read before the Opened of their lifetime: they wait for it, and are counted when it does not come.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "collector/model.h"

namespace fdtrace {

struct ParkedClose {
  uint64_t at_ns = 0;
  uint32_t closer = 0;
  bool unseen = false;                           // no close was told: its number was found taken by another
  std::optional<FileFacts> file = std::nullopt;  // as it was then
  bool kept_to_the_end = false;
};

class ParkedCloses {
 public:
  void Park(uint64_t id, const ParkedClose& close);
  std::optional<ParkedClose> Take(uint64_t id);
  void ForgetAll() { ForgetBefore(UINT64_MAX); }

  // Told closes that were forgotten, for the Opened was lost.
  uint64_t in_vain() const { return in_vain_; }

 private:
  static constexpr size_t kFew = 65536;

  void ForgetBefore(uint64_t at_ns);

  absl::flat_hash_map<uint64_t, ParkedClose> by_id_;
  size_t limit_ = kFew;
  uint64_t in_vain_ = 0;
};

}  // namespace fdtrace
