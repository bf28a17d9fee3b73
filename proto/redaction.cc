// One table says what each text of a trace is.
#include "proto/redaction.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/trace_file.h"

namespace fdtrace {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

enum class Text { kKept, kPath, kCommand, kSentence, kDescription, kThread };

// clang-format off
constexpr std::pair<absl::string_view, Text> kTexts[] = {
    {"TraceStart.command",           Text::kCommand},
    {"TraceStart.directory",         Text::kPath},
    {"TraceStart.tool_version",      Text::kKept},
    {"TraceStart.host_kernel",       Text::kKept},
    {"TraceStart.untraced_reason",   Text::kSentence},
    {"TraceProcess.executable",      Text::kPath},
    {"TraceProcess.command_line",    Text::kCommand},
    {"TraceProcess.untraced_reason", Text::kSentence},
    {"TraceProcess.unread_python",   Text::kSentence},
    {"TraceModule.path",             Text::kPath},
    {"TraceModule.build_id",         Text::kKept},
    {"TracePythonCode.file",         Text::kPath},
    {"TracePythonCode.function",     Text::kKept},
    {"TracePythonName.function",     Text::kKept},
    {"TraceSite.function",           Text::kKept},
    {"TraceClosedAt.function",       Text::kKept},
    {"TraceDescriptor.thread",       Text::kThread},
    {"TraceDescriptor.path_argument", Text::kPath},
    {"TraceDescriptor.link",         Text::kPath},
    {"TraceDescriptor.description",  Text::kDescription},
    {"TraceInherited.executable",    Text::kPath},
    {"TraceTest.name",               Text::kKept},
    {"TraceFailure.path",            Text::kPath},
    {"TraceFailure.mount",           Text::kPath},
    {"TraceFailure.type",            Text::kKept},
    {"TraceBadClose.thread",         Text::kThread},
    {"TraceBadClose.previous_thread", Text::kThread},
    {"TracePlace.function",          Text::kKept},
    {"TracePinned.path",             Text::kPath},
    {"TraceLeftover.directory",      Text::kPath},
    {"TraceLeftover.pattern",        Text::kPath},
    {"TraceGrowth.path",             Text::kPath},
    {"TraceFilesystem.mount",        Text::kPath},
    {"TraceFilesystem.type",         Text::kKept},
    {"TraceEnd.notes",               Text::kSentence},
    {"TraceSymbol.unread_reason",    Text::kSentence},
    {"TraceSource.function",         Text::kKept},
    {"TraceSource.file",             Text::kPath},
};
// clang-format on

// In every name beneath them nothing is of the user's making.
constexpr std::array<absl::string_view, 8> kKnownTrees = {"usr",   "bin",   "sbin",   "lib",
                                                          "lib32", "lib64", "libx32", "sys"};
constexpr std::array<absl::string_view, 13> kKnownFirst = {"home", "root", "tmp", "var",  "opt",   "srv", "etc",
                                                           "run",  "mnt",  "dev", "proc", "media", "boot"};
constexpr std::array<absl::string_view, 26> kKnownEndings = {
    ".a",    ".c",   ".cc",  ".conf", ".cpp", ".csv", ".db", ".gz", ".h",  ".html", ".jar", ".js",  ".json",
    ".lock", ".log", ".out", ".pid",  ".py",  ".pyc", ".rb", ".sh", ".so", ".sock", ".tmp", ".txt", ".xml"};
constexpr absl::string_view kArgument = "***";
constexpr absl::string_view kLeftOut = "left out by --redact";
constexpr size_t kThreadNameBytes = 15;  // of the kernel's, which a program's first thread has from its file

template <typename Names>
bool IsAmong(const Names& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// FNV-1a, mixed, its upper half.
std::string ShortHash(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  hash = (hash ^ hash >> 31) * 0x94d049bb133111eb;
  return absl::StrFormat("%08x", static_cast<uint32_t>(hash >> 32));
}

std::string RedactedName(absl::string_view name) {
  const size_t dot = name.rfind('.');
  const absl::string_view ending = dot == name.npos || dot == 0 ? absl::string_view() : name.substr(dot);
  return absl::StrCat("~", ShortHash(name), IsAmong(kKnownEndings, ending) ? ending : "");
}

bool IsRedactedName(absl::string_view name) {
  return absl::ConsumePrefix(&name, "~") && name.size() >= 8 &&
         name.substr(0, 8).find_first_not_of("0123456789abcdef") == name.npos &&
         (name.size() == 8 || IsAmong(kKnownEndings, name.substr(8)));
}

bool IsDevice(const std::vector<absl::string_view>& names) {
  return names.size() == 3 || (names.size() == 4 && names[2] == "pts");
}

// "pipe:[123]", "anon_inode:[eventpoll]": as the kernel makes them, with no name of anybody's.
bool IsKernelsLink(absl::string_view path) {
  const size_t colon = path.find(':');
  if (colon == path.npos || path.find('/') != path.npos || path.find(' ') != path.npos) return false;
  return IsAmong(std::array<absl::string_view, 7>{"pipe", "socket", "anon_inode", "net", "mnt", "pid", "user"},
                 path.substr(0, colon));
}

absl::string_view KindOf(const FieldDescriptor& field) {
  absl::string_view name = field.full_name();
  absl::ConsumePrefix(&name, "fdtrace.");
  return name;
}

}  // namespace

std::string RedactedPath(absl::string_view path) {
  if (path.empty() || IsKernelsLink(path)) return std::string(path);
  const bool deleted = absl::ConsumeSuffix(&path, " (deleted)");
  const std::vector<absl::string_view> names = absl::StrSplit(path, '/');
  const bool absolute = names.size() > 1 && names[0].empty();
  const bool leaves = IsAmong(names, "..");  // to where only the names themselves would tell
  const bool all_known = absolute && !leaves &&
                         (IsAmong(kKnownTrees, names[1]) || (names[1] == "dev" && IsDevice(names)) ||
                          (names[1] == "proc" && names.size() <= 4));
  std::vector<std::string> shown;
  for (size_t i = 0; i < names.size(); ++i) {
    const absl::string_view name = names[i];
    const bool known = all_known || name.empty() || name == "." || name == ".." || IsRedactedName(name) ||
                       (absolute && i == 1 && IsAmong(kKnownFirst, name));
    shown.push_back(known ? std::string(name) : RedactedName(name));
  }
  return absl::StrCat(absl::StrJoin(shown, "/"), deleted ? " (deleted)" : "");
}

absl::StatusOr<Redaction> Redaction::Of(const std::string& path) {
  const auto reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  Redaction redaction;
  for (TraceRecord record; (*reader)->Next(record);) redaction.Learn(record);
  return redaction;
}

absl::Status CopyRedacted(const std::string& from, const std::string& to) {
  const absl::StatusOr<Redaction> redaction = Redaction::Of(from);
  if (!redaction.ok()) return redaction.status();
  const auto reader = TraceReader::Open(from);
  if (!reader.ok()) return reader.status();
  const auto writer = TraceWriter::Create(to);
  if (!writer.ok()) return writer.status();
  for (TraceRecord record; (*reader)->Next(record);) {
    redaction->Apply(record);
    if (absl::Status appended = (*writer)->Append(record); !appended.ok()) return appended;
  }
  return (*writer)->Close();
}

void Redaction::Learn(const TraceRecord& record) {
  const auto learn_words = [this](const auto& command) {
    for (const std::string& word : command) LearnProgram(word);
  };
  if (record.has_start()) {
    root_pid_ = record.start().root_pid();
    learn_words(record.start().command());
  }
  if (!record.has_process()) return;
  learn_words(record.process().command_line());
  const TraceProcess& process = record.process();
  const std::string& path = process.executable();
  if (path.empty()) return;
  if (root_pid_ == 0 || process.pid() == root_pid_) root_executable_ = path;
  programs_[path] = RedactedPath(path);
  LearnProgram(path);
}

// A script's first thread is named after the script.
void Redaction::LearnProgram(const std::string& path) {
  if (RedactedPath(path) == path) return;
  const std::string name = path.substr(path.rfind('/') + 1);
  threads_[name.substr(0, kThreadNameBytes)] = RedactedName(name);
}

void Redaction::Apply(TraceRecord& record) const {
  const std::string executable = record.has_process() ? record.process().executable() : root_executable_;
  ApplyTo(record);
  // What a program is called by whoever runs it may be anything.
  if (record.has_process() && record.process().command_line_size() > 0) {
    record.mutable_process()->set_command_line(0, RedactedPath(executable));
  }
  if (!record.has_start()) return;
  if (record.start().command_size() > 0) record.mutable_start()->set_command(0, RedactedPath(executable));
  record.mutable_start()->set_redacted(true);
}

void Redaction::ApplyTo(Message& message) const {
  message.DiscardUnknownFields();
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ApplyTo(field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                     : *reflection.MutableMessage(&message, field));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && field->is_repeated()) {
        reflection.SetRepeatedString(&message, field, i,
                                     Field(*field, reflection.GetRepeatedString(message, field, i)));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        reflection.SetString(&message, field, Field(*field, reflection.GetString(message, field)));
      }
    }
  }
}

std::string Redaction::Field(const FieldDescriptor& field, const std::string& value) const {
  const auto text = std::find_if(std::begin(kTexts), std::end(kTexts),
                                 [&](const auto& known) { return known.first == KindOf(field); });
  if (value.empty()) return value;
  if (text == std::end(kTexts)) return std::string(kLeftOut);
  switch (text->second) {
    case Text::kKept:
      return value;
    case Text::kPath:
      return RedactedPath(value);
    case Text::kCommand:
      return std::string(kArgument);
    case Text::kSentence:
      return Sentence(value);
    case Text::kDescription:
      return Description(value);
    case Text::kThread:
      return Thread(value);
  }
  return std::string(kLeftOut);
}

// Programs first, longest first where one is the beginning of another. A path that is left may hold spaces: nobody
// knows where it ends, nor where one without a leading slash begins.
std::string Redaction::Sentence(std::string text) const {
  for (const auto& [path, shown] : programs_) text = absl::StrReplaceAll(text, {{path, shown}});
  for (const absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" ,;:()"))) {
    if (absl::StrContains(word, '/') && RedactedPath(word) != word) return std::string(kLeftOut);
  }
  return text;
}

// "unix /run/a.sock LISTEN" or "pipe:[1] read end; the other end: fd 3 of pid 4 (cat)".
std::string Redaction::Description(const std::string& text) const {
  absl::string_view name = text;
  if (absl::ConsumePrefix(&name, "unix ")) {
    const bool listens = absl::ConsumeSuffix(&name, " LISTEN");
    const bool kept = name == "(unnamed)" || IsRedactedName(name);
    return absl::StrCat("unix ", kept ? std::string(name) : RedactedName(name), listens ? " LISTEN" : "");
  }
  const size_t pid = text.find(" of pid ");
  return Sentence(pid == text.npos ? text : text.substr(0, text.find(" (", pid)));
}

std::string Redaction::Thread(const std::string& name) const {
  const auto named = threads_.find(name.substr(0, kThreadNameBytes));
  return named == threads_.end() ? name : named->second;
}

}  // namespace fdtrace
