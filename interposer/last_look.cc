#include "interposer/last_look.h"

#include <bit>

#include "interposer/descriptors.h"
#include "interposer/event_writer.h"
#include "interposer/open_count.h"

namespace fdtrace {
namespace {

// From then on the collector looks at mappings, too (collector/session_files.h).
constexpr uint64_t kLongLivedNs = 1'000'000'000;

// The bits from first to last.
uint64_t Bits(uint32_t first, uint32_t last) {
  if (first >= kMostGiven || last < first) return 0;
  const uint64_t up_to_last = last >= kMostGiven - 1 ? UINT64_MAX : (uint64_t{2} << last) - 1;
  return up_to_last & (UINT64_MAX << first);
}

template <typename Visit>
bool All(uint64_t bits, Visit visit) {
  for (; bits != 0; bits &= bits - 1) {
    if (!visit(std::countr_zero(bits))) return false;
  }
  return true;
}

}  // namespace

void LastLook::Begin(uint64_t given) {
  began_ns_ = MonotonicNs();
  const bool all_known = All(given, [this](int fd) {
    given_[fd] = IdentityOf(fd);
    return given_[fd].inode != 0;
  });
  open_.store(all_known ? given : 0, std::memory_order_relaxed);
}

void LastLook::Closed(uint32_t first, uint32_t last) {
  if (!InVforkChild()) open_.fetch_and(~Bits(first, last), std::memory_order_relaxed);
}

bool LastLook::IsNeeded() const {
  const uint64_t open = open_.load(std::memory_order_relaxed);
  if (open == 0 || wanted_.load(std::memory_order_relaxed)) return true;
  if (MonotonicNs() - began_ns_ >= kLongLivedNs || NextDescriptor(0) != UINT32_MAX) return true;
  if (!All(open, [this](int fd) { return IdentityOf(fd) == given_[fd]; })) return true;
  return CountOpen() != std::popcount(open);
}

}  // namespace fdtrace
