// What an image tells of itself: as it comes, and, where it can be read at all, as of one that sees the files as we do.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "collector/session_look.h"
#include "fuzz/must_hold.h"
#include "proto/image.pb.h"

namespace fdtrace {
namespace {

std::optional<Image> Told(std::string bytes) {
  Visitor visitor;
  visitor.pid = getpid();
  visitor.hello = {};
  visitor.hello.kind = HelloKind::kImage;
  visitor.hello.pid = static_cast<uint32_t>(getpid());
  visitor.image = std::move(bytes);
  return ToldByVisitor(visitor);
}

void TakeOurRoot(StartedImage& image) {
  struct statx root;
  MustHold(statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &root) == 0, "there is a root");
  image.set_root_mount(root.stx_mnt_id);
  image.set_root_inode(root.stx_ino);
}

}  // namespace
}  // namespace fdtrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace fdtrace;  // NOLINT
  const std::string raw(reinterpret_cast<const char*>(data), bytes);
  Told(raw);
  StartedImage image;
  if (!image.ParseFromString(raw)) return 0;
  TakeOurRoot(image);
  const std::optional<Image> told = Told(image.SerializeAsString());
  if (!told.has_value()) return 0;
  const auto is_after = [](const SeenDescriptor& one, const SeenDescriptor& other) { return other.fd <= one.fd; };
  MustHold(told->present.size() == static_cast<size_t>(image.given_size()), "all are told");
  MustHold(std::adjacent_find(told->present.begin(), told->present.end(), is_after) == told->present.end(), "in order");
  MustHold(told->present.empty() || (told->present.front().fd >= 0 && told->present.back().fd < kMostGiven),
           "below the limit");
  GivenForGood(told->present, {});
  return 0;
}
