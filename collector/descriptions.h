// What a process's descriptors are open on, in words.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "collector/model.h"
#include "collector/pipe_index.h"
#include "collector/procfs.h"

namespace fdtrace {

// The links of NUMBERS, the resources behind them, and the facts of files: cheap. Those that were closed meanwhile are
// left out.
absl::StatusOr<std::vector<SeenDescriptor>> SeeDescriptors(const ProcessDirectory& process,
                                                           std::span<const int> numbers);

// The same of one descriptor by its LINK and its STATUS, as statx(2) has it, which a process may tell itself. Nothing:
// they do not say what it is.
std::optional<SeenDescriptor> SeenAs(int fd, std::string link, const struct statx& status);

// As SeeDescriptors and, from number 3 on, a description where the link says too little:
//   sockets  see sockets.h
//   pipes    "pipe:[N] read end; the other end: fd 4 of the same process", or of one of the OTHERS, or of none of them
//   epoll    "epoll watching fd 5, 6 and 3 more";  inotify: "inotify, 2 watches"
// The kernel's tables of sockets are long: of those in UNTOLD, sorted, only what is cheap.
absl::StatusOr<std::vector<SeenDescriptor>> DescribeDescriptors(const ProcessDirectory& process,
                                                                std::span<const int> numbers,
                                                                std::span<const int> untold,
                                                                std::span<const pid_t> others, PipeIndex& index);

// Tells of those that are files which of them were opened for writing.
void SeeWhichWrite(const ProcessDirectory& process, std::span<SeenDescriptor> seen);

}  // namespace fdtrace
