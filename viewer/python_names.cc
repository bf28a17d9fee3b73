#include "viewer/python_names.h"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "viewer/printable.h"
#include "viewer/python_source.h"

namespace fdtrace {
namespace {

constexpr off_t kMostBytes = 16 << 20;

// Empty where it cannot be read, or is not what the program ran.
std::string SourceAt(const std::string& path, int64_t started_unix_ns) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode) || file.st_size > kMostBytes) return "";
  const int64_t changed_ns = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
  if (changed_ns > started_unix_ns) return "";
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace

std::vector<TracePythonName> LookUpPythonNames(const Trace& trace) {
  const TraceStart& start = trace.start ? *trace.start : TraceStart::default_instance();
  absl::flat_hash_set<uint32_t> known;
  for (const TracePythonName& name : trace.python_names) known.insert(name.code());
  std::map<std::string, std::string> sources;  // by path
  std::vector<TracePythonName> names;
  for (const TracePythonCode& code : trace.python_code) {
    const std::string name = Printable(code.function());
    if (code.qualified() || known.contains(code.index()) || code.file().empty() || code.file()[0] == '<') continue;
    const std::string path = (std::filesystem::path(start.directory()) / code.file()).string();
    const auto [source, is_new] = sources.try_emplace(path);
    if (is_new) source->second = SourceAt(path, start.started_unix_ns());
    const std::string qualified = QualifiedPythonName(source->second, name, code.first_line());
    if (qualified == name) continue;
    TracePythonName& found = names.emplace_back();
    found.set_code(code.index());
    found.set_function(Printable(qualified));
  }
  return names;
}

}  // namespace fdtrace
