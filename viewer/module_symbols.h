// What the code of one program or library file is: functions and source lines, from its debug information or, failing
// that, its symbol table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fdtrace {

struct Place {
  std::string function;  // demangled; empty when unknown
  std::string file;      // absolute where the debug information allows it; empty when unknown
  uint32_t line = 0;     // 0 when unknown

  friend bool operator==(const Place&, const Place&) = default;
};

// A file as it was when it was traced.
struct TracedFile {
  std::string path;
  std::string build_id;           // raw; empty when it has none
  int64_t in_use_at_unix_ns = 0;  // a time at which it was loaded: what changed later is not what ran
};

class ModuleSymbols {
 public:
  // Fails when the file cannot be read or is no longer the one that was traced: another build id or, where it has none,
  // a change since it was in use. The message is the reason, for people, without the path.
  static absl::StatusOr<std::unique_ptr<ModuleSymbols>> Open(const TracedFile& file);

  virtual ~ModuleSymbols() = default;

  // What the instruction at the address (of the object file: less the load bias) belongs to, the innermost inlined
  // function first, the function that exists last. Empty when nothing is known. Fastest with rising addresses.
  virtual std::vector<Place> Find(uint64_t address) = 0;

  // Of the file and of the separate file with its debug information.
  virtual uint64_t file_bytes() const = 0;
};

// "app::Load(int)" for "_ZN3app4LoadEi"; a name that is not mangled stays as it is.
std::string Demangled(absl::string_view name);

}  // namespace fdtrace
