// What sockets are connected to, from /proc/PID/net: the tables of the process's own network namespace.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "collector/procfs.h"

namespace fdtrace {

struct SocketOfInterest {
  uint64_t inode = 0;
  std::string protocol;  // as the kernel names it (DescriptorDirectory::SocketProtocol); empty: not known
};

// By inode: "tcp 127.0.0.1:80 <-> 127.0.0.1:5000 CLOSE_WAIT", "tcp [::1]:80 LISTEN", "udp 0.0.0.0:53",
// "unix /run/x.sock", "unix @abstract", "unix (unnamed)", "netlink route", …. Each table is read at most once, and only
// if a socket may be in it. A socket in no table is described by its protocol, or not at all when that is not known.
absl::flat_hash_map<uint64_t, std::string> DescribeSockets(const ProcessDirectory& process,
                                                           std::span<const SocketOfInterest> sockets);

}  // namespace fdtrace
