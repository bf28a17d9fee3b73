#include "viewer/remedies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

void Hold(PinnedFile& file, uint32_t pid, Holder::Kind kind, int fd, bool alive = true) {
  Holder& holder = *file.add_holders();
  holder.set_pid(pid);
  holder.set_kind(kind);
  holder.set_fd(fd);
  holder.set_alive(alive);
}

PinnedFile OfBytes(int64_t bytes) {
  PinnedFile file;
  file.set_bytes(bytes);
  return file;
}

TEST(Remedies, TruncateThroughOneDescriptorOrCloseThemAll) {
  PinnedFile file = OfBytes(4096);
  Hold(file, 100, Holder::DESCRIPTOR, 3);
  Hold(file, 100, Holder::DESCRIPTOR, 7);
  Hold(file, 200, Holder::DESCRIPTOR, 3);
  EXPECT_THAT(
      RemediesFor(file),
      ElementsAre(AllOf(StartsWith(": > /proc/100/fd/3  # the content of the file is lost,"), HasSubstr("sparse")),
                  AllOf(StartsWith("gdb -p 100 -batch -ex 'call (int)close(3)' -ex 'call (int)close(7)'  # "),
                        HasSubstr("the program is not told")),
                  StartsWith("gdb -p 200 -batch -ex 'call (int)close(3)'  # ")));
}

TEST(Remedies, WarnOfAMappingAndDoNotCloseWhatThenStaysHeld) {
  PinnedFile file = OfBytes(4096);
  Hold(file, 100, Holder::DESCRIPTOR, 3);
  Hold(file, 200, Holder::MAPPING, -1);
  EXPECT_THAT(RemediesFor(file), ElementsAre(AllOf(StartsWith(": > /proc/100/fd/3 "), HasSubstr("SIGBUS"))));
}

TEST(Remedies, DoNotReachTheDead) {
  PinnedFile file = OfBytes(4096);
  Hold(file, 100, Holder::DESCRIPTOR, 3, false);
  Hold(file, 100, Holder::MAPPING, -1, false);
  EXPECT_THAT(RemediesFor(file), IsEmpty());
  Hold(file, 200, Holder::DESCRIPTOR, 4);
  EXPECT_THAT(RemediesFor(file), ElementsAre(AllOf(StartsWith(": > /proc/200/fd/4 "), Not(HasSubstr("SIGBUS"))),
                                             StartsWith("gdb -p 200 ")));
}

TEST(Remedies, AreNoneForWhatOnlyMappingsHoldOrWhatHasNoBytes) {
  PinnedFile mapped = OfBytes(4096);
  Hold(mapped, 100, Holder::MAPPING, -1);
  EXPECT_THAT(RemediesFor(mapped), IsEmpty());
  PinnedFile sparse = OfBytes(0);
  Hold(sparse, 100, Holder::DESCRIPTOR, 3);
  EXPECT_THAT(RemediesFor(sparse), IsEmpty());
}

}  // namespace
}  // namespace fdtrace
