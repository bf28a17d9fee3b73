#include "findings/whole_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"

namespace fdtrace {

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(path.c_str(), "rbe"), fclose);
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  std::string bytes;
  std::array<char, 65536> part;
  while (const size_t size = fread(part.data(), 1, part.size(), file.get())) bytes.append(part.data(), size);
  if (ferror(file.get())) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  return bytes;
}

}  // namespace fdtrace
