// Tells the model which files without a name the processes of the recording hold, and which files they left behind.
//
//  - Processes that live are looked at every now and then, so that what is known of one that is killed is not old:
//    those that have told of something since their last look, or hold files without a name, at most once a second; all,
//    when the last name of a file was removed, and every ten seconds, for others remove names too. That takes at most a
//    hundredth of a core, and never more than a few milliseconds on end.
//  - A call that failed for want of space is followed by such a look at once, at the process and at those that hold
//  files
//    without a name, within the same hundredth of a core; then also at the files with a name that it has open.
//  - A process that waits to exit waits for us, and reading its mappings takes as long as all the rest. They are read
//    if it ever held a file without a name or removed a last name itself; if somebody removed that of a file that it
//    had open for writing; or, once it has lived for a second, of any file. So what is missed is a file that a process
//    of less than a second opened for reading, mapped and closed, and that another removed.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "collector/filesystems.h"
#include "collector/held_files.h"
#include "collector/model.h"
#include "collector/procfs.h"
#include "collector/session_image.h"
#include "collector/session_notes.h"
#include "collector/session_processes.h"

namespace fdtrace {

class SessionFiles {
 public:
  SessionFiles(Model& model, Processes& processes, SessionNotes& notes, int64_t started_ns)
      : model_(model), processes_(processes), notes_(notes), started_ns_(started_ns), filesystems_(model) {}

  // IMAGE has started, by fork from another or else (0) with a program; PRESENT are its descriptors.
  void Started(TracedImage& image, uint32_t forked_from, std::span<const SeenDescriptor> present);
  // An event of IMAGE.
  void Note(TracedImage& image, const Event& event);

  enum class Mappings { kAlways, kIfTheyMayMatter };
  // Of PROCESS, the image's, whose descriptors are those SEEN, a moment after AT_NS.
  void Tell(TracedImage& image, const ProcessDirectory& process, std::span<const SeenDescriptor> seen,
            Mappings mappings, uint64_t at_ns);

  // Looks at those that are due, then has all events read, so that the model hears of what was done before it hears of
  // what was seen.
  void LookNowAndThen(const std::function<void()>& read_all);
  // When it is to be called next, by CLOCK_MONOTONIC.
  int64_t NextLookNs() const;

  // At a process that lives when recording ends, and is not looked at otherwise.
  void LookForTheLastTime(TracedImage& image);
  // At files whose last writer has ended without telling how large it left them; then has all events read, as above.
  void LookAtWritten(const std::function<void()>& read_all);

  // When all processes have ended or been looked at for the last time.
  void LookForThoseLeftBehind();
  void LookAtWrittenForTheLastTime();

 private:
  struct Seen {
    uint32_t serial;
    ProcessDirectory process;
    std::vector<HeldFile> held;
    std::vector<FileFacts> named;  // of one whose call failed: those with a name that it has open
    uint64_t at_ns;
  };

  uint64_t SinceStart() const;
  void NoteFailure(TracedImage& image, const Failed& failed);
  void ChooseThoseDue(int64_t now_ns);
  std::optional<Seen> LookAt(TracedImage& image) const;
  void TellModel(TracedImage& image, const ProcessDirectory& process, std::span<const HeldFile> held, uint64_t at_ns);
  bool MappingsMayMatter(const TracedImage& image) const;

  Model& model_;
  Processes& processes_;
  SessionNotes& notes_;
  const int64_t started_ns_;
  Filesystems filesystems_;
  std::set<uint64_t> mute_;  // devices that once did not answer in time

  uint64_t removals_ = 0;                   // of last names, as events told
  std::array<uint64_t, 256> removed_ = {};  // which of them was the last, by the file's inode: see TracedImage::Files
  uint64_t removals_at_last_pass_ = 0;
  bool anything_told_ = false;  // since the last pass began
  bool any_holds_ = false;      // a file without a name, of those looked at in it
  std::vector<uint32_t> due_;   // serials: the rest of the pass
  uint32_t failed_ = 0;         // serial of the latest whose call failed for want of space; 0: it has been looked at
  int64_t pass_began_ns_ = 0, all_looked_at_ns_ = 0, next_slice_ns_ = 0;
};

}  // namespace fdtrace
