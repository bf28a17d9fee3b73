// The model: every descriptor's lifetime, folded into sites as it ends. Pure: knows no files, clocks or sockets.
//
// Memory follows sites, stacks and open descriptors, never the number of events.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/event.pb.h"
#include "proto/trace.pb.h"
#include "proto/trace_file.h"

namespace fdtrace {

// A regular file, or shared memory, as fstat(2) shows it.
struct FileFacts {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t links = 0;
  uint64_t bytes = 0;  // allocated: st_blocks * 512
  uint64_t apparent_bytes = 0;
};

// A descriptor as /proc/PID/fd shows it.
struct SeenDescriptor {
  int fd = -1;
  std::string link;         // target of the symbolic link, e.g. "/etc/passwd", "socket:[123]"
  std::string description;  // for people; empty when the link says it all
  Resource resource = RESOURCE_UNKNOWN;
  std::optional<FileFacts> file = {};  // of regular files and shared memory
  bool writes = false;                 // it is known to have been opened for writing
};

// A file without a name that a process holds, as /proc shows it.
struct SeenFile {
  int fd = -1;       // -1: a mapping
  FileFacts file;    // of a mapping that may not be looked at, device and inode alone
  std::string path;  // its last name, without the kernel's " (deleted)"; empty where the kernel cannot tell it
};

// A file system that FileFacts.device names.
struct MountedOn {
  uint64_t device = 0;
  std::string mount;       // where it is mounted; empty when nowhere that we can see
  std::string type;        // as /proc/mounts has it
  bool is_memory = false;  // tmpfs and the like: its bytes are memory
};

// A file that the program made.
struct CreatedFile {
  uint64_t device = 0;
  uint64_t inode = 0;
  std::string path;                           // absolute
  std::vector<std::string> other_paths = {};  // more names that it may have
};

using WrittenFile = CreatedFile;  // or that it wrote

// What the system allows in all, or each of its users, in the user namespace of a process; 0: not known.
struct SystemLimits {
  uint64_t files = 0;              // fs.file-max
  uint64_t inotify_watches = 0;    // fs.inotify.max_user_watches, or user.max_inotify_watches if that is less
  uint64_t inotify_instances = 0;  // likewise
};

// A program image that said hello: a process's first, one after exec (same pid), or a forked child.
struct Image {
  uint32_t serial = 0;       // of the image; lifetime ids are made from it
  uint32_t forked_from = 0;  // serial of the image it was forked from; 0: it came by exec or is the first
  uint32_t pid = 0;          // as the collector sees it
  uint32_t parent_pid = 0;
  std::string executable;
  std::vector<std::string> command_line;
  std::string directory;    // its working directory; empty: its parent's, or not known
  uint64_t started_ns = 0;  // since the recording started
  uint64_t nofile_soft = 0;
  uint64_t nofile_hard = 0;
  std::vector<SeenDescriptor> present;  // what /proc showed while the process waited for its Welcome
};

// A program without our library in it, that a followed process ran by exec, or a child made by posix_spawn.
struct UntracedProgram {
  std::string executable;
  std::vector<std::string> command_line;
  std::string reason;  // why it cannot be followed; a sentence without its full stop
  // What /proc showed of it; nothing when it had ended before it was looked at.
  std::optional<std::vector<SeenDescriptor>> present;
};

enum class ProcessEnd { kAlive, kExited, kVanished };

// What came with the end of recording.
struct RecordingEnd {
  uint64_t duration_ns = 0;
  int32_t exit_status = 0;
  uint32_t signal = 0;
  bool some_unheard = false;  // processes were alive then that had not said hello
  std::vector<std::string> notes;
};

class Model {
 public:
  virtual ~Model() = default;

  // An image with the pid of a living process follows it by exec: CLOEXEC descriptors, those no longer in `present`,
  // end. All events of the image before it were consumed; what comes of it later counts as lost.
  // A child of vfork or posix_spawn is an image as well, forked from its parent's, though it never said hello.
  virtual void ImageStarted(const Image& image) = 0;

  // The process of the image has gone on, by the Executing that was consumed last, to a program that will not say
  // hello. Descriptors that are not in `present`, or where that is missing, that no Kept before that Executing named,
  // end by exec; the others stay open as long as the process lives.
  virtual void BecameUntraced(uint32_t serial, const UntracedProgram& program) = 0;

  // An event of image `serial`, read from its ring `ring` (a number unique within the image; Thread events name its
  // writer). Event times are already nanoseconds since the recording started. Events of one ring come in order, events
  // of different rings in any: a Closed may precede its Opened, and a Stack, Module or Function may come after its use.
  virtual void Consume(uint32_t serial, uint32_t ring, const Event& event) = 0;

  // What holds for the image when a call of its fails: to be told before that event is consumed.
  virtual void LimitsSeen(uint32_t serial, const SystemLimits& limits) = 0;

  // Events that were dropped, and opens without a stack, in all since the image started.
  virtual void SetLost(uint32_t serial, uint64_t events_lost, uint64_t stackless) = 0;

  // Numbers of the descriptors that the model holds for open in the image's process, sorted; inherited ones included.
  virtual std::vector<int> OpenNumbers(uint32_t serial) const = 0;

  // Those of them that no row will tell of, should the process end now: what it has from another recorded process.
  // Compare needs no descriptions of these. Sorted.
  virtual std::vector<int> UntoldNumbers(uint32_t serial) const = 0;

  // The image's process as /proc shows it now, all events consumed before. Corrects the model: a descriptor unknown to
  // it becomes one whose origin was not seen, one that is gone ends as closed unseen. `at_ns` is a time before /proc
  // was read: lifetimes that began since are not judged. In a running process an unknown descriptor counts once two
  // looks have found it, or the process has ended, for its event may be under way; and a close may still be told after
  // its descriptor was missed.
  virtual void Compare(uint32_t serial, const std::vector<SeenDescriptor>& seen, uint64_t at_ns) = 0;

  // All files without a name that the image's process holds, by descriptors and by mappings: their sizes now. To be
  // told every now and then while the process runs, and when it is compared before its end.
  virtual void FilesHeld(uint32_t serial, const std::vector<SeenFile>& files, uint64_t at_ns) = 0;

  // At the end, after all processes: the files that the program made and did not remove by a call that was seen; and
  // which of them are still there under their names.
  virtual std::vector<CreatedFile> CreatedFiles() = 0;
  virtual void LeftBehind(const CreatedFile& file, const FileFacts& facts) = 0;

  // Files that were open for writing, and whose last such descriptor has ended, since this was asked before, without a
  // word of how large it left them: to be looked at by their names, soon, and all that happened before to be told
  // before what was seen.
  virtual std::vector<WrittenFile> TakeUnsettled() = 0;
  // The same at the end: all of which it is not known, those that are held still among them.
  virtual std::vector<WrittenFile> Unsettled() const = 0;
  virtual void FileSeen(const WrittenFile& file, const FileFacts& facts, uint64_t at_ns) = 0;

  // To be told before Write, of all devices that FilesHeld, LeftBehind and failures named.
  virtual void FilesystemSeen(const MountedOn& filesystem) = 0;

  // The process of the image has ended; what it still held is kept as still open.
  virtual void ProcessEnded(uint32_t serial, uint64_t at_ns, ProcessEnd how) = 0;

  // Writes everything but TraceStart: processes, modules, stacks, sites, descriptors, timeline, end.
  virtual absl::Status Write(const RecordingEnd& end, TraceWriter& writer) = 0;
};

// Told of code the first time that a stack leads through it: the return address in the module.
using CodeSeen = std::function<void(const TraceModule& module, uint64_t address)>;

std::unique_ptr<Model> MakeModel(CodeSeen code_seen = nullptr);

}  // namespace fdtrace
