// What vfork children have done to their descriptors, over what their parents have. A vfork child runs in its parent's
// memory with descriptors of its own, so the table is the parent's, and this lies over it until the parent goes on.
//
//  - One per thread that is in vfork. A vfork child may vfork again: its child's changes are dropped before its own.
//  - A child that changes more than there is room for: the rest goes unnoticed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "interposer/descriptor_table.h"

namespace fdtrace {

class HookScope;

class VforkChanges {
 public:
  // One of a few kept ready, or fresh pages; null when there is no memory. To be given back by Release.
  static VforkChanges* Acquire();
  static void Release(VforkChanges* changes);

  // A child begins, and ends. False: one too many within another.
  bool Begin(HookScope* scope);
  HookScope* End();  // the scope given to Begin

  // What the child has at FD. Null: it changed nothing there, and has what its parent has.
  const DescriptorOrigin* Find(int fd) const;
  // It has NOW there from here on (id 0: nothing). False: no room.
  bool Set(int fd, const DescriptorOrigin& now);
  // The smallest changed FD >= FIRST at which the child has something; UINT32_MAX when there is none.
  uint32_t NextFilled(uint32_t first) const;
  // Calls visit(fd, now) for every change, oldest first.
  template <typename Visitor>
  void Visit(Visitor visit) const {
    for (size_t i = 0; i < count_; ++i) visit(change_[i].fd, change_[i].now);
  }

 private:
  static constexpr size_t kMaxChanges = 500;
  static constexpr size_t kMaxLevels = 8;

  struct Change {
    int fd;
    DescriptorOrigin now;
  };
  struct Level {
    size_t count_before;
    HookScope* scope;
  };

  size_t count_;
  size_t levels_;
  Level level_[kMaxLevels];
  Change change_[kMaxChanges];
};

}  // namespace fdtrace
