#include "viewer/explanations.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "viewer/frames.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

// "load_config (config.cc:42)"; empty where the code is not known.
std::string PlaceOf(const Blame& blame) {
  if (blame.stack().empty()) return {};
  const SiteName name = NameOf(blame.stack(), blame.call());
  if (name.place.empty() || name.function.empty()) return absl::StrCat(name.function, name.place);
  return absl::StrCat(name.function, " (", name.place, ")");
}

// The first that has a name; null: there is none.
const Blame* FirstNamed(const Failure& failure) {
  const auto it = std::find_if(failure.blamed().begin(), failure.blamed().end(),
                               [](const Blame& blame) { return !PlaceOf(blame).empty(); });
  return it == failure.blamed().end() ? nullptr : &*it;
}

std::string Number(int64_t number) { return WithThousands(static_cast<uint64_t>(std::max<int64_t>(number, 0))); }

std::string FilesystemOf(const Failure& failure) {
  if (const std::string& mount = failure.filesystem().mount(); !mount.empty()) return mount;
  return failure.path().empty() ? "The file system" : absl::StrCat("The file system of ", failure.path());
}

int64_t BytesOf(const Failure& failure, int64_t blocks) { return blocks * failure.filesystem().block_bytes(); }
std::string Bytes(const Failure& failure, int64_t blocks) { return HumanBytes(BytesOf(failure, blocks)); }

int64_t Available(const Filesystem& filesystem) { return filesystem.blocks_free() - filesystem.blocks_reserved(); }

std::string HowToRaise(const Failure& failure) {
  if (failure.hard_limit() == std::numeric_limits<int64_t>::max()) return "raise the limit with ulimit -n";
  if (failure.hard_limit() > failure.limit()) {
    return absl::StrCat("raise the limit with ulimit -n (hard limit ", Number(failure.hard_limit()), ")");
  }
  return "have root raise the limit, for the hard limit is the same";
}

std::string HowManyAreOpen(const Failure& failure) {
  const int64_t open = failure.open_count();
  const std::string limit = Number(failure.limit());
  if (open == failure.limit()) return absl::StrCat("All ", limit, " descriptors that this process may have are open");
  if (open > failure.limit()) {
    return absl::StrCat(Number(open), " descriptors are open, and no more than ", limit,
                        " may be since the limit was lowered");
  }
  return absl::StrCat(Number(open), " of the ", limit, " descriptors that this process may have are open, and ",
                      failure.call(), " takes two");
}

std::string OfProcessLimit(const Failure& failure) {
  const std::string open = failure.limit() > 0
                               ? HowManyAreOpen(failure)
                               : "All descriptors that this process may have are open, however many these are";
  const Blame* const most = FirstNamed(failure);
  if (most == nullptr) {
    return absl::StrCat(open, ", and which code opened them is not known: ", HowToRaise(failure));
  }
  const int64_t count = most->count();
  // A leak has most of them; a program that needs many has them from many places.
  if (count * 4 < failure.open_count()) {
    return absl::StrCat(open, ", and of no place more than the ", Number(count), " of ", PlaceOf(*most), ": ",
                        HowToRaise(failure), ", or close earlier what is not needed");
  }
  return absl::StrCat(open, "; ", Number(count), " of them were opened at ", PlaceOf(*most),
                      " and not closed: close them there, or ", HowToRaise(failure));
}

std::string OfSystemLimit(const Failure& failure) {
  const std::string limit = failure.limit() > 0 ? absl::StrCat(", ", Number(failure.limit())) : "";
  return absl::StrCat("The whole system has as many files open as it may", limit, ", and ",
                      Number(failure.open_count()),
                      " of them are this process's: close some, or raise fs.file-max with sysctl -w");
}

// WHAT is "watches" or "instances".
std::string UserHasAllOf(const Failure& failure, absl::string_view what) {
  const std::string limit = failure.limit() > 0 ? absl::StrCat(", ", Number(failure.limit())) : "";
  return absl::StrCat("this user has as many inotify ", what, " as one may", limit);
}

// A user namespace has limits of its own beside those of the whole system.
std::string HowToRaiseInotifys(absl::string_view what) {
  return absl::StrCat("raise fs.inotify.max_user_", what, " with sysctl -w (in a user namespace, user.max_inotify_",
                      what, ")");
}

std::string OfWatches(const Failure& failure) {
  return absl::StrCat("No disk is full: ", UserHasAllOf(failure, "watches"), ": remove those that are not needed, or ",
                      HowToRaiseInotifys("watches"));
}

std::string OfInstances(const Failure& failure) {
  const Blame* const most = FirstNamed(failure);
  const std::string holder = most == nullptr
                                 ? ": "
                                 : absl::StrCat("; ", Number(most->count()), " of this process were opened at ",
                                                PlaceOf(*most), " and not closed: close them there, or ");
  return absl::StrCat("Descriptors are left, but ", UserHasAllOf(failure, "instances"), holder,
                      HowToRaiseInotifys("instances"));
}

std::string Them(uint64_t files) { return files == 1 ? "it" : "them"; }

// Worth telling before all else: its end gives the space back at once.
bool PinsMuch(const Failure& failure) {
  const Filesystem& filesystem = failure.filesystem();
  const int64_t written = failure.blamed().empty() ? 0 : failure.blamed(0).bytes();
  return filesystem.pinned_bytes() > 0 &&
         (filesystem.pinned_bytes() >= BytesOf(failure, filesystem.blocks_total()) / 16 ||
          filesystem.pinned_bytes() >= written);
}

// Most pinned bytes; null: no code that is known pins any.
const Blame* MostPinning(const Failure& failure) {
  const Blame* most = nullptr;
  for (const Blame& blame : failure.blamed()) {
    if (blame.pinned_bytes() == 0 || PlaceOf(blame).empty()) continue;
    if (most == nullptr || blame.pinned_bytes() > most->pinned_bytes()) most = &blame;
  }
  return most;
}

// "3.0 MiB of its 4 MiB are held by 3 deleted files that spool (spool.py:14) still has open: close them …"
std::string OfPinned(const Failure& failure) {
  const Filesystem& filesystem = failure.filesystem();
  const uint64_t files = filesystem.pinned_files();
  std::string text =
      absl::StrCat(HumanBytes(filesystem.pinned_bytes()), " of its ", Bytes(failure, filesystem.blocks_total()),
                   " are held by ", Counted(files, "deleted file"));
  const Blame* const most = MostPinning(failure);
  if (most == nullptr) {
    absl::StrAppend(&text, files == 1 ? " that is still open" : " that are still open");
  } else if (most->pinned_files() == files) {
    absl::StrAppend(&text, " that ", PlaceOf(*most), " still has open");
  } else {
    absl::StrAppend(&text, ", ", HumanBytes(most->pinned_bytes()), " by those that ", PlaceOf(*most),
                    " still has open");
  }
  return absl::StrCat(text, ": close ", Them(files), " to get the space back");
}

// "2.0 MiB in 3 files were written by way of log_line (log.c:12)"; empty: of no code is that known.
std::string WhoWrote(const Failure& failure) {
  const Blame* const most = FirstNamed(failure);
  if (most == nullptr || most->bytes() == 0) return {};
  return absl::StrCat(HumanBytes(most->bytes()), " of it were written to ", Counted(most->count(), "file"),
                      " opened at ", PlaceOf(*most));
}

std::string OfBlocks(const Failure& failure) {
  const Filesystem& filesystem = failure.filesystem();
  const bool wants_all = absl::StrContains(failure.call(), "fallocate") && Available(filesystem) > 16;
  std::string full = absl::StrCat(FilesystemOf(failure), " is full");
  if (wants_all) {
    full = absl::StrCat(FilesystemOf(failure), " has ", Bytes(failure, Available(filesystem)), " free, and ",
                        failure.call(), " asked for more");
  }
  if (PinsMuch(failure)) return absl::StrCat(full, ", and ", OfPinned(failure));
  const std::string wrote = WhoWrote(failure);
  if (wrote.empty()) return absl::StrCat(full, ", and by nothing that this program was seen to write: look with du");
  return absl::StrCat(full, "; ", wrote, ": remove or shorten what is not needed");
}

std::string OfReserve(const Failure& failure) {
  const Filesystem& filesystem = failure.filesystem();
  const int64_t left = Available(filesystem);
  const std::string but = left > 0 ? absl::StrCat("all but ", Bytes(failure, left)) : "all";
  const std::string kept = absl::StrCat(FilesystemOf(failure), " has ", Bytes(failure, filesystem.blocks_free()),
                                        " free, ", but, " of it kept for root (tune2fs -m)");
  if (PinsMuch(failure)) return absl::StrCat(kept, "; ", OfPinned(failure));
  const std::string wrote = WhoWrote(failure);
  return absl::StrCat(kept, wrote.empty() ? "" : "; ", wrote, ": remove what is not needed, or have root keep less");
}

std::string OfInodes(const Failure& failure) {
  const Filesystem& filesystem = failure.filesystem();
  const std::string none =
      absl::StrCat(FilesystemOf(failure), " has ", Bytes(failure, filesystem.blocks_free()), " free but no inode left");
  const Blame* const most = FirstNamed(failure);
  if (most == nullptr) {
    return absl::StrCat(none, ": all ", Number(filesystem.inodes_total()), " are files and directories; remove some");
  }
  return absl::StrCat(none, ": ", Counted(most->count(), "file"), most->count() == 1 ? " was" : " were", " created at ",
                      PlaceOf(*most), " and not removed: remove ", Them(most->count()));
}

std::string OfQuota(const Failure& failure) {
  const std::string wrote = WhoWrote(failure);
  return absl::StrCat("A quota on ", FilesystemOf(failure), " is used up, of this user, group or project",
                      wrote.empty() ? "" : "; ", wrote, ": remove what is not needed, or have the quota raised");
}

// The call is select, or what FD_SET is made of.
std::string OfSets(const Failure& failure) {
  const bool was_stopped = absl::StartsWith(failure.call(), "__fdelt");
  const std::string what =
      was_stopped
          ? absl::StrCat("FD_SET, FD_CLR or FD_ISSET was given descriptor ", Number(failure.fd()),
                         ", which an fd_set of ", Number(failure.limit()), " has no room for; libc ended the program")
          : absl::StrCat(failure.call(), " was given descriptor ", Number(failure.fd()), ", but an fd_set ends at ",
                         Number(failure.limit() - 1),
                         ": unless the program makes larger ones, memory beside it is read and overwritten");
  const Blame* const most = FirstNamed(failure);
  if (most == nullptr) return absl::StrCat(what, ": use poll or epoll");
  return absl::StrCat(what, "; ", Number(most->count()), " of ", Number(failure.open_count()),
                      " open descriptors were opened at ", PlaceOf(*most), ": close them there, or use poll or epoll");
}

// What else a call fails for with the same error; null: nothing that we know of.
const char* OtherLimitOf(const std::string& error, const std::string& call) {
  struct Limit {
    const char* error;
    const char* call;
    const char* limit;
  };
  static constexpr Limit kLimits[] = {
      {"EMFILE", "mq_open", "on the bytes of the user's message queues (ulimit -q)"},
      {"EMFILE", "fanotify_init", "on the user's fanotify groups (fs.fanotify.max_user_groups)"},
      {"ENOSPC", "epoll_ctl", "on the user's watches (fs.epoll.max_user_watches)"},
      {"ENOSPC", "fanotify_mark", "on the user's fanotify marks (fs.fanotify.max_user_marks)"},
      {"ENOSPC", "mq_open", "on message queues (fs.mqueue.queues_max)"},
      {"ENOSPC", "openpty", "on terminals (kernel.pty.max)"},
      {"ENOSPC", "posix_openpt", "on terminals (kernel.pty.max)"},
      {"ENOSPC", "getpt", "on terminals (kernel.pty.max)"},
  };
  for (const Limit& limit : kLimits) {
    if (error == limit.error && call == limit.call) return limit.limit;
  }
  return nullptr;
}

std::string OfUnknown(const Failure& failure) {
  const Filesystem& filesystem = failure.filesystem();
  const char* const other = OtherLimitOf(failure.error(), failure.call());
  if (other != nullptr)
    return absl::StrCat("No descriptor or disk is missing: ", failure.call(), " has a limit ", other);
  if (failure.error() == "EMFILE") {
    return absl::StrCat("Only ", Number(failure.open_count()), " of the ", Number(failure.limit()),
                        " descriptors that this process may have are known to be open: ", failure.call(),
                        " found none free at or above the number that it asked for");
  }
  if (filesystem.blocks_total() == 0) return absl::StrCat("Which space was missing is not known");
  std::string free = absl::StrCat(FilesystemOf(failure), " has ", Bytes(failure, Available(filesystem)));
  if (filesystem.inodes_total() > 0) absl::StrAppend(&free, " and ", Number(filesystem.inodes_free()), " inodes");
  const bool is_btrfs = filesystem.type() == "btrfs";
  return absl::StrCat(free, " free, so what was missing is not known",
                      is_btrfs ? "; its metadata may be full: ask btrfs filesystem usage" : "");
}

}  // namespace

std::string ExplanationOf(const Failure& failure) {
  switch (failure.cause()) {
    case Failure::PROCESS_LIMIT:
      return OfProcessLimit(failure);
    case Failure::SYSTEM_LIMIT:
      return OfSystemLimit(failure);
    case Failure::INOTIFY_WATCHES:
      return OfWatches(failure);
    case Failure::INOTIFY_INSTANCES:
      return OfInstances(failure);
    case Failure::BLOCKS:
      return OfBlocks(failure);
    case Failure::RESERVED_BLOCKS:
      return OfReserve(failure);
    case Failure::INODES:
      return OfInodes(failure);
    case Failure::QUOTA:
      return OfQuota(failure);
    case Failure::FD_SET_SIZE:
      return OfSets(failure);
    default:
      return OfUnknown(failure);
  }
}

}  // namespace fdtrace
