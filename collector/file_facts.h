// What statx(2) tells of files.
//
//  - A file system over the network is not asked: what is known of the file here must do.
#pragma once

#include <sys/stat.h>

#include <optional>

#include "collector/model.h"

namespace fdtrace {

// Type, device, inode, links and sizes of what NAME in DIRECTORY leads to. Nothing: it cannot be told.
std::optional<struct statx> StatusAt(int directory, const char* name);

// Nothing for what is no regular file; shared memory is one.
std::optional<FileFacts> FactsOf(const struct statx& status);

}  // namespace fdtrace
