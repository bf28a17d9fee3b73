#include "collector/mounts.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/sysmacros.h>

namespace fdtrace {
namespace {

constexpr char kMountinfo[] =
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "30 27 0:27 / /dev/shm rw,relatime shared:5 master:1 - tmpfs tmpfs rw,size=24684084k\n"
    "40 27 254:0 /var/lib/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
    "41 27 8:1 / /mnt/with\\040blank\\134and\\012line rw - xfs /dev/sda1 rw\n"
    "42 27 0:50 /@home /home rw shared:9 - btrfs /dev/sdb rw\n"
    "43 27 0:60 / /merged rw - overlay overlay rw,lowerdir=/l\n"
    "44 27 0:70 / /far rw - fuse.sshfs host: rw\n";

MountedOn Find(uint64_t device, const char* path, const char* type = "") {
  return FindMount(device, path, type, ParseMountinfo(kMountinfo));
}

TEST(MountsTest, FindsWhereADeviceIsMounted) {
  const MountedOn root = Find(makedev(254, 0), "/tmp/a");
  EXPECT_EQ(root.device, makedev(254, 0));
  EXPECT_EQ(root.mount, "/");
  EXPECT_EQ(root.type, "ext4");
  EXPECT_FALSE(root.is_memory);
  EXPECT_EQ(Find(makedev(0, 70), "/far/a").type, "fuse.sshfs");
}

TEST(MountsTest, TmpfsIsMemory) {
  const MountedOn shm = Find(makedev(0, 27), "/dev/shm/a");
  EXPECT_EQ(shm.mount, "/dev/shm");
  EXPECT_TRUE(shm.is_memory);
}

TEST(MountsTest, UndoesTheEscapesOfBlanksAndBackslashes) {
  EXPECT_EQ(Find(makedev(8, 1), "").mount, "/mnt/with blank\\and\nline");
}

TEST(MountsTest, OfSeveralMountsTakesTheOneThatThePathLiesOnElseThatOfTheWholeFileSystem) {
  EXPECT_EQ(Find(makedev(254, 0), "/etc/hosts").mount, "/etc/hosts");
  EXPECT_EQ(Find(makedev(254, 0), "/etc/hostsfile").mount, "/");
  EXPECT_EQ(Find(makedev(254, 0), "").mount, "/");
}

TEST(MountsTest, FindsBtrfsAndOverlayByPathForTheirDevicesStandInNoList) {
  const MountedOn home = Find(makedev(0, 51), "/home/me/file", "btrfs");
  EXPECT_EQ(home.mount, "/home");
  EXPECT_EQ(home.type, "btrfs");
  EXPECT_EQ(Find(makedev(0, 61), "/merged/file", "overlay").mount, "/merged");
}

TEST(MountsTest, WhatIsMountedNowhereHasItsTypeAlone) {
  const MountedOn memory = Find(makedev(0, 1), "/memfd:a", "tmpfs");
  EXPECT_EQ(memory.mount, "");
  EXPECT_EQ(memory.type, "tmpfs");
  EXPECT_TRUE(memory.is_memory);
  EXPECT_EQ(Find(makedev(7, 0), "/file", "ext4").mount, "") << "another file system of the type is at /";
}

TEST(MountsTest, NamesTypesAsProcMountsDoes) {
  EXPECT_EQ(TypeOfMagic(EXT4_SUPER_MAGIC), "ext4");
  EXPECT_EQ(TypeOfMagic(OVERLAYFS_SUPER_MAGIC), "overlay");
  EXPECT_EQ(TypeOfMagic(0x1badface), "0x1badface");
}

TEST(MountsTest, LinesThatAreNoneAreLeftOut) {
  EXPECT_TRUE(ParseMountinfo("\n1 2 3\n27 1 a:b / / rw - ext4 x rw\n").empty());
}

}  // namespace
}  // namespace fdtrace
