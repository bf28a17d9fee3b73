#include "collector/recording_notes.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

// In ONE and MANY, $ stands for the count.
void Tell(uint64_t count, absl::string_view one, absl::string_view many, std::vector<std::string>& notes) {
  if (count == 0) return;
  const absl::string_view text = count == 1 ? one : many;
  const size_t at = text.find('$');
  notes.push_back(absl::StrCat(text.substr(0, at), count, text.substr(at + 1)));
}

void TellUntraced(const UntracedTally& untraced, std::vector<std::string>& notes) {
  if (untraced.count == 0) return;
  const bool one = untraced.count == 1;
  notes.push_back(absl::StrCat(untraced.count,
                               one ? " program that ran between others" : " programs that ran between others",
                               " could not be followed (", one ? "" : "first ", "pid ", untraced.first_pid, ": ",
                               untraced.first_reason, "): what ", one ? "it" : "they", " opened is not known"));
}

}  // namespace

void UntracedTally::Add(uint64_t at_ns, uint32_t pid, const std::string& reason) {
  ++count;
  if (at_ns >= first_ns) return;
  first_ns = at_ns;
  first_pid = pid;
  first_reason = reason;
}

std::vector<std::string> NotesOf(const Shortcomings& some) {
  std::vector<std::string> notes;
  Tell(some.lost, "$ event was lost: a descriptor that is shown as still open may have been closed",
       "$ events were lost: descriptors that are shown as still open may have been closed", notes);
  Tell(some.closes_without_open,
       "Of the lost events, $ was the opening of a descriptor whose close was seen: it is counted nowhere",
       "Of the lost events, $ were openings of descriptors whose close was seen: these are counted nowhere", notes);
  Tell(some.senseless,
       "Of the lost events, $ arrived but made no sense, as when a program writes over memory that is not its own",
       "Of the lost events, $ arrived but made no sense, as when a program writes over memory that is not its own",
       notes);
  Tell(some.stacks_lost,
       "The stack of $ opened descriptor was lost: it is listed by the function that opened it, without a stack",
       "The stacks of $ opened descriptors were lost: they are listed together by the function that opened them, "
       "without a stack",
       notes);
  Tell(some.alive, "$ process was still running when recording ended: what it held then is shown as still open",
       "$ processes were still running when recording ended: what they held then is shown as still open", notes);
  Tell(some.vanished,
       "$ process ended without notice, as by a signal: what it held by the last event is shown as still open",
       "$ processes ended without notice, as by a signal: what they held by the last event is shown as still open",
       notes);
  TellUntraced(some.untraced_between, notes);
  Tell(some.without_hello, "$ process confined itself by a seccomp filter that keeps its children from being followed",
       "$ processes confined themselves by seccomp filters that keep their children from being followed", notes);
  Tell(some.without_stacks,
       "$ process confined itself by a seccomp filter: what it opened from then on may have no stack",
       "$ processes confined themselves by seccomp filters: what they opened from then on may have no stack", notes);
  Tell(
      some.files_not_looked_at,
      "The program left so many files that $ was not looked at: it is listed as left behind without its bytes, and may "
      "be gone",
      "The program left so many files that $ were not looked at: they are listed as left behind without their bytes, "
      "and some may be gone",
      notes);
  return notes;
}

}  // namespace fdtrace
