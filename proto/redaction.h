// What a trace would tell of secrets, replaced: in the arguments of commands, and in names that people give to files.
//
//  - Of a command the program stays; every argument becomes "***".
//  - Of a path what is the same on every machine stays: all beneath /usr, /bin, /lib and the like, and the first name
//  of
//    others (/home, /tmp, …). Each further name becomes "~" and eight digits, the same for the same name in every
//    recording, so that rows still group and reports still compare; a common ending (".py", ".log") stays.
//  - Sentences lose the paths in them, or else are left out.
//  - What code and kernel call things stays: functions, modules in the places above, threads, tests (marks), addresses.
//  - A field that this version does not know is dropped.
//
// The digits hide names from whoever reads them, not from whoever can guess a name and compares.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/trace.pb.h"

namespace fdtrace {

std::string RedactedPath(absl::string_view path);

class Redaction {
 public:
  // Knows all of the trace at PATH.
  static absl::StatusOr<Redaction> Of(const std::string& path);

  // Every record of the trace, before any is redacted: they tell of the programs whose names stand in others' texts.
  void Learn(const TraceRecord& record);
  void Apply(TraceRecord& record) const;

 private:
  void LearnProgram(const std::string& path);
  void ApplyTo(google::protobuf::Message& message) const;
  std::string Field(const google::protobuf::FieldDescriptor& field, const std::string& value) const;
  std::string Sentence(std::string text) const;
  std::string Description(const std::string& text) const;
  std::string Thread(const std::string& name) const;

  uint32_t root_pid_ = 0;
  std::string root_executable_;
  std::map<std::string, std::string, std::greater<>> programs_;  // by path: as it is shown
  std::map<std::string, std::string> threads_;                   // those named after programs: as they are shown
};

// Writes TO, a trace, of what FROM has before any damage.
absl::Status CopyRedacted(const std::string& from, const std::string& to);

}  // namespace fdtrace
