// Stacks are found by their type, wherever in the report they are, so that a new part of it needs nothing here.
#include "viewer/sources.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

constexpr off_t kMostBytes = 4 << 20;
constexpr size_t kMostLines = 20'000;
constexpr size_t kMostCharacters = 300;
constexpr uint64_t kAround = 3;

struct NamedFile {
  std::string name;
  std::set<uint64_t> lines;
};

// The files of all frames, in the order in which they are met first.
class NamedFiles {
 public:
  void AddFrom(const google::protobuf::Message& message) {
    if (message.GetDescriptor() == Frame::descriptor()) return Add(static_cast<const Frame&>(message));
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const google::protobuf::FieldDescriptor* field : fields) {
      if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        AddFrom(reflection.GetMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        AddFrom(reflection.GetRepeatedMessage(message, field, i));
      }
    }
  }

  const std::vector<NamedFile>& files() const { return files_; }

 private:
  void Add(const Frame& frame) {
    if (frame.file().empty() || frame.line() == 0) return;
    const auto [at, is_new] = positions_.try_emplace(frame.file(), files_.size());
    if (is_new) files_.push_back({.name = frame.file(), .lines = {}});
    files_[at->second].lines.insert(frame.line());
  }

  std::vector<NamedFile> files_;
  absl::flat_hash_map<std::string, size_t> positions_;
};

struct Content {
  std::string bytes;
  bool changed = false;
};

std::optional<Content> Read(const std::string& path, int64_t started_unix_ns) {
  struct stat file;
  // Looked at before it is opened: to open a device or a pipe can do things.
  if (stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode) || file.st_size > kMostBytes) return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  Content content;
  content.bytes.resize(static_cast<size_t>(file.st_size));
  stream.read(content.bytes.data(), file.st_size);
  content.bytes.resize(static_cast<size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  content.changed = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec > started_unix_ns;
  return content;
}

std::vector<absl::string_view> LinesOf(absl::string_view bytes) {
  std::vector<absl::string_view> lines = absl::StrSplit(bytes, '\n');
  if (lines.back().empty()) lines.pop_back();  // what ends with a line's end has no line behind it
  return lines;
}

// Of UTF-8: not one that goes on a character.
bool BeginsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::string WithoutTabs(absl::string_view line) {
  constexpr size_t kTab = 8;
  std::string spaced;
  size_t column = 0;
  for (const char byte : line) {
    const size_t width = byte == '\t' ? kTab - column % kTab : BeginsCharacter(byte);
    if (byte == '\t') {
      spaced.append(width, ' ');
    } else {
      spaced += byte;
    }
    column += width;
  }
  return spaced;
}

std::string Shown(absl::string_view line) {
  absl::ConsumeSuffix(&line, "\r");
  // Four bytes to a character at most: what is behind would be cut off anyway.
  std::string text = Printable(WithoutTabs(line.substr(0, 4 * kMostCharacters)));
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (BeginsCharacter(text[at]) && ++characters > kMostCharacters) {
      text.resize(at);
      break;
    }
  }
  return text;
}

// From the first line to the last, both from 1.
using Run = std::pair<uint64_t, uint64_t>;

std::vector<Run> RunsAround(const std::set<uint64_t>& lines, uint64_t count) {
  std::vector<Run> runs;
  for (const uint64_t line : lines) {
    if (line > count) break;
    const uint64_t first = line > kAround ? line - kAround : 1;
    const uint64_t last = std::min(line + kAround, count);
    if (!runs.empty() && first <= runs.back().second + 1) {
      runs.back().second = last;
    } else {
      runs.emplace_back(first, last);
    }
  }
  return runs;
}

}  // namespace

void AddSources(const Trace& trace, Report& report) {
  const TraceStart& start = trace.start ? *trace.start : TraceStart::default_instance();
  NamedFiles named;
  named.AddFrom(report);
  size_t left = kMostLines;
  for (const NamedFile& file : named.files()) {
    if (left == 0) return;
    const std::filesystem::path path = std::filesystem::path(start.directory()) / file.name;
    if (path.is_relative()) continue;  // where it led from is not known
    const std::optional<Content> content = Read(path.string(), start.started_unix_ns());
    if (!content) continue;
    const std::vector<absl::string_view> lines = LinesOf(content->bytes);
    for (const auto& [first, last] : RunsAround(file.lines, lines.size())) {
      if (left == 0) return;
      SourceLines& shown = *report.add_sources();
      shown.set_file(file.name);
      shown.set_first_line(static_cast<uint32_t>(first));
      shown.set_changed(content->changed);
      for (uint64_t line = first; line <= last && left > 0; ++line, --left) shown.add_lines(Shown(lines[line - 1]));
    }
  }
}

}  // namespace fdtrace
