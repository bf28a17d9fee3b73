#include "collector/mounts.h"

#include <linux/magic.h>
#include <sys/sysmacros.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fdtrace {
namespace {

// "\040" for a blank: the kernel writes blank, tab, newline and backslash so.
std::string WithoutEscapes(absl::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) && octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool LiesBelow(absl::string_view path, absl::string_view point) {
  if (point == "/") return absl::StartsWith(path, "/");
  return absl::StartsWith(path, point) && (path.size() == point.size() || path[point.size()] == '/');
}

// Of those that FIT, the deepest that PATH lies below, the last mounted of several; null: none.
template <typename Fit>
const Mount* Deepest(absl::string_view path, std::span<const Mount> mounts, Fit fits) {
  const Mount* deepest = nullptr;
  for (const Mount& mount : mounts) {
    if (!fits(mount) || !LiesBelow(path, mount.point)) continue;
    if (deepest == nullptr || mount.point.size() >= deepest->point.size()) deepest = &mount;
  }
  return deepest;
}

const Mount* AnyOf(uint64_t device, std::span<const Mount> mounts) {
  const Mount* any = nullptr;
  for (const Mount& mount : mounts) {
    if (mount.device == device && (any == nullptr || (mount.whole && !any->whole))) any = &mount;
  }
  return any;
}

bool IsMemory(absl::string_view type) {
  return type == "tmpfs" || type == "ramfs" || type == "hugetlbfs" || type == "devtmpfs";
}

// Give directories or layers devices of their own.
bool HasOtherDevices(absl::string_view type) { return type == "btrfs" || type == "overlay"; }

}  // namespace

std::vector<Mount> ParseMountinfo(absl::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n', absl::SkipEmpty())) {
    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw: as many optional fields as there are
    const std::pair<absl::string_view, absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<absl::string_view> words = absl::StrSplit(halves.first, ' ');
    if (words.size() < 6) continue;
    const std::pair<absl::string_view, absl::string_view> device = absl::StrSplit(words[2], absl::MaxSplits(':', 1));
    uint32_t major = 0, minor = 0;
    if (!absl::SimpleAtoi(device.first, &major) || !absl::SimpleAtoi(device.second, &minor)) continue;
    mounts.push_back({.device = makedev(major, minor),
                      .point = WithoutEscapes(words[4]),
                      .type = WithoutEscapes(halves.second.substr(0, halves.second.find(' '))),
                      .whole = words[3] == "/"});
  }
  return mounts;
}

std::string TypeOfMagic(uint64_t magic) {
  static constexpr std::pair<uint64_t, const char*> kTypes[] = {
      {EXT4_SUPER_MAGIC, "ext4"},
      {XFS_SUPER_MAGIC, "xfs"},
      {BTRFS_SUPER_MAGIC, "btrfs"},
      {OVERLAYFS_SUPER_MAGIC, "overlay"},
      {TMPFS_MAGIC, "tmpfs"},
      {RAMFS_MAGIC, "ramfs"},
      {HUGETLBFS_MAGIC, "hugetlbfs"},
      {F2FS_SUPER_MAGIC, "f2fs"},
      {0x2fc12fc1, "zfs"},  // ZFS_SUPER_MAGIC of OpenZFS, in no header of the kernel's
      {FUSE_SUPER_MAGIC, "fuse"},
      {NFS_SUPER_MAGIC, "nfs"},
      {CIFS_SUPER_MAGIC, "cifs"},
      {V9FS_MAGIC, "9p"},
      {MSDOS_SUPER_MAGIC, "vfat"},
      {EXFAT_SUPER_MAGIC, "exfat"},
  };
  for (const auto& [known, type] : kTypes) {
    if (known == magic) return type;
  }
  return absl::StrCat("0x", absl::Hex(magic));
}

MountedOn FindMount(uint64_t device, absl::string_view path, absl::string_view type, std::span<const Mount> mounts) {
  const Mount* found = Deepest(path, mounts, [=](const Mount& mount) { return mount.device == device; });
  if (found == nullptr) found = AnyOf(device, mounts);
  if (found == nullptr && HasOtherDevices(type)) {
    found = Deepest(path, mounts, [=](const Mount& mount) { return mount.type == type; });
  }
  if (found == nullptr) {
    return {.device = device, .mount = {}, .type = std::string(type), .is_memory = IsMemory(type)};
  }
  return {.device = device, .mount = found->point, .type = found->type, .is_memory = IsMemory(found->type)};
}

}  // namespace fdtrace
