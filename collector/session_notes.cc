#include "collector/session_notes.h"

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

void TellCount(uint64_t count, const char* one, const char* many, std::vector<std::string>& sentences) {
  if (count != 0) sentences.push_back(count == 1 ? absl::StrCat("1 ", one) : absl::StrCat(count, " ", many));
}

}  // namespace

void SessionNotes::Tally::Add(pid_t pid, const absl::Status& why) {
  if (++count != 1) return;
  first_pid = pid;
  if (!why.ok()) first_reason = std::string(why.message());
}

void SessionNotes::Tally::Tell(const char* one, const char* many, std::vector<std::string>& sentences) const {
  if (count == 0) return;
  std::string text = count == 1 ? absl::StrCat("process ", first_pid, " ", one)
                                : absl::StrCat(count, " processes (", first_pid, " first) ", many);
  if (!first_reason.empty()) absl::StrAppend(&text, ": ", first_reason);
  sentences.push_back(std::move(text));
}

std::vector<std::string> SessionNotes::Sentences(const Greeter& greeter) const {
  std::vector<std::string> all;
  never_heard_of_.Tell("was still running when recording ended, and had done nothing with descriptors until then",
                       "were still running when recording ended, and had done nothing with descriptors until then",
                       all);
  TellCount(
      unreached_,
      "forked process could not reach fdtrace, as in a network namespace of its own: what it did is not known",
      "forked processes could not reach fdtrace, as in a network namespace of their own: what they did is not known",
      all);
  damaged_.Tell("damaged its record of events: those it had not yet handed over are lost",
                "damaged their records of events: those they had not yet handed over are lost", all);
  not_looked_at_.Tell("could not be compared with /proc", "could not be compared with /proc", all);
  TellCount(
      files_not_looked_for_,
      "file that the program made was not looked for at the end, for that took too long: it may have been left behind",
      "files that the program made were not looked for at the end, for that took too long: some may have been left "
      "behind",
      all);
  no_memory_.Tell("was not followed, for want of memory to share", "were not followed, for want of memory to share",
                  all);
  no_serial_.Tell("was not followed: the recording has as many processes as it can",
                  "were not followed: the recording has as many processes as it can", all);
  unwelcomed_.Tell("hung up before it was welcomed", "hung up before they were welcomed", all);
  refused_rings_.Tell("asked for more rings in another's name", "asked for more rings in another's name", all);
  TellCount(not_followed(), "process was not followed, as --follow asks",
            "processes were not followed, as --follow asks", all);
  TellCount(greeter.other_version(), "process was not followed: its libfdtrace.so is of another version",
            "processes were not followed: their libfdtrace.so is of another version", all);
  TellCount(greeter.other_namespace(), "process was not followed: its pid cannot be seen from here",
            "processes were not followed: their pids cannot be seen from here", all);
  TellCount(greeter.refused(), "connection was refused: it did not prove to be of this recording",
            "connections were refused: they did not prove to be of this recording", all);
  TellCount(greeter.other_user(), "connection of another user was refused", "connections of other users were refused",
            all);
  TellCount(greeter.silent(), "connection ended before anything was said", "connections ended before anything was said",
            all);
  return all;
}

}  // namespace fdtrace
