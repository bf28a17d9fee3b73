#include "collector/session_ring_users.h"

#include <cstddef>
#include <utility>

namespace fdtrace {
namespace {

constexpr size_t kMaxUsers = 64;  // more are there only if many a VforkEnd was lost

}  // namespace

void RingUsers::Enter(uint32_t ring, uint32_t child) {
  std::vector<User>& users = rings_[ring];
  if (users.empty()) users.push_back({.serial = own_, .spawn = {}});
  if (users.size() == kMaxUsers) users.erase(users.begin() + 1);
  users.push_back({.serial = child, .spawn = {}});
}

void RingUsers::Leave(uint32_t ring) {
  const auto users = rings_.find(ring);
  if (users == rings_.end() || users->second.size() == 1) return;
  users->second.pop_back();
  Tidy(ring);
}

void RingUsers::BeginSpawn(uint32_t ring, AnnouncedProgram program, uint64_t at_ns) {
  std::vector<User>& users = rings_[ring];
  if (users.empty()) users.push_back({.serial = own_, .spawn = {}});
  users.back().spawn = Spawn{.program = std::move(program), .began_ns = at_ns};
}

std::optional<RingUsers::Spawn> RingUsers::EndSpawn(uint32_t ring) {
  const auto users = rings_.find(ring);
  if (users == rings_.end()) return std::nullopt;
  std::optional<Spawn> spawn = std::exchange(users->second.back().spawn, std::nullopt);
  Tidy(ring);
  return spawn;
}

void RingUsers::Tidy(uint32_t ring) {
  const std::vector<User>& users = rings_[ring];
  if (users.size() == 1 && !users.back().spawn.has_value()) rings_.erase(ring);
}

template <typename Fits>
RingUsers::Spawn* RingUsers::Find(Fits fits) {
  for (auto& [ring, users] : rings_) {
    for (User& user : users) {
      if (user.spawn.has_value() && fits(user)) return &*user.spawn;
    }
  }
  return nullptr;
}

RingUsers::Spawn* RingUsers::UnclaimedSpawn(uint32_t user) {
  return Find([=](const User& one) { return one.serial == user && one.spawn->early_child == 0; });
}

RingUsers::Spawn* RingUsers::ClaimedBy(pid_t child) {
  return Find([=](const User& one) { return one.spawn->early_child == child; });
}

}  // namespace fdtrace
