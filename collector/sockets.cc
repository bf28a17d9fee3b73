// The tables' formats: net/ipv4/tcp_ipv4.c, udp.c, raw.c, net/ipv6/*, net/unix/af_unix.c, net/netlink/af_netlink.c and
// net/packet/af_packet.c of Linux, each in its *_seq_show; proc(5).
#include "collector/sockets.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

using Descriptions = absl::flat_hash_map<uint64_t, std::string>;
using Words = std::vector<absl::string_view>;

constexpr std::array<absl::string_view, 13> kTcpStates = {
    "UNKNOWN", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",   "TIME_WAIT",
    "CLOSE",   "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV"};
constexpr unsigned kTcpListen = 10;

template <typename Number>
Number Parse(absl::string_view text, int base) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

struct Endpoint {
  std::string address;  // an IPv6 one in brackets
  unsigned port = 0;
  bool any = true;  // no address and no port
  std::string Text() const { return absl::StrCat(address, ":", port == 0 ? "*" : absl::StrCat(port)); }
};

// "0100007F:1F90": 32-bit words of the address in network order, printed as the machine's own numbers.
Endpoint ParseEndpoint(absl::string_view text) {
  Endpoint endpoint;
  const size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return endpoint;
  uint32_t words[4] = {};
  for (size_t i = 0; i < colon / 8; ++i) {
    words[i] = Parse<uint32_t>(text.substr(i * 8, 8), 16);
    if (words[i] != 0) endpoint.any = false;
  }
  char name[INET6_ADDRSTRLEN] = "?";
  inet_ntop(colon == 8 ? AF_INET : AF_INET6, words, name, sizeof name);
  endpoint.address = colon == 8 ? std::string(name) : absl::StrCat("[", name, "]");
  endpoint.port = Parse<unsigned>(text.substr(colon + 1), 16);
  if (endpoint.port != 0) endpoint.any = false;
  return endpoint;
}

std::string DescribeTcp(absl::string_view name, const Words& words) {
  const Endpoint local = ParseEndpoint(words[1]), peer = ParseEndpoint(words[2]);
  const auto state = Parse<unsigned>(words[3], 16);
  const absl::string_view state_name = kTcpStates[state < kTcpStates.size() ? state : 0];
  if (state == kTcpListen || peer.any) return absl::StrCat(name, " ", local.Text(), " ", state_name);
  return absl::StrCat(name, " ", local.Text(), " <-> ", peer.Text(), " ", state_name);
}

std::string DescribeUdp(absl::string_view name, const Words& words) {
  const Endpoint local = ParseEndpoint(words[1]), peer = ParseEndpoint(words[2]);
  if (peer.any) return absl::StrCat(name, " ", local.Text());
  return absl::StrCat(name, " ", local.Text(), " <-> ", peer.Text());
}

std::string DescribeRaw(absl::string_view name, const Words& words) {
  const Endpoint local = ParseEndpoint(words[1]), peer = ParseEndpoint(words[2]);
  const std::string whom = peer.any ? local.address : absl::StrCat(local.address, " <-> ", peer.address);
  return absl::StrCat(name, " ", whom, " protocol ", local.port);  // the kernel prints the protocol as the local port
}

// Num RefCount Protocol Flags Type St Inode [Path]; a path may hold spaces, so it is taken from the line.
std::string DescribeUnix(absl::string_view name, const Words& words) {
  constexpr unsigned kAcceptsConnections = 0x10000;
  const absl::string_view path = words.size() > 7 ? words[7] : "(unnamed)";
  const bool listens = (Parse<unsigned>(words[3], 16) & kAcceptsConnections) != 0;
  return absl::StrCat(name, " ", path, listens ? " LISTEN" : "");
}

// sk Eth Pid Groups … Inode
std::string DescribeNetlink(absl::string_view name, const Words& words) {
  constexpr std::array<absl::string_view, 23> kFamilies = {
      "route",   "",      "usersock",      "firewall",  "sock_diag", "nflog",  "xfrm",    "selinux",
      "iscsi",   "audit", "fib_lookup",    "connector", "netfilter", "",       "dnrtmsg", "uevent",
      "generic", "",      "scsitransport", "ecryptfs",  "rdma",      "crypto", "smc"};
  const auto family = Parse<unsigned>(words[1], 10);
  if (family < kFamilies.size() && !kFamilies[family].empty()) return absl::StrCat(name, " ", kFamilies[family]);
  return absl::StrCat(name, " family ", family);
}

// sk RefCnt Type Proto …
std::string DescribePacket(absl::string_view name, const Words& words) {
  return absl::StrCat(name, " protocol 0x", words[3]);
}

struct Table {
  absl::string_view protocol;  // struct proto.name
  const char* file;
  absl::string_view name;
  size_t inode_word;
  std::string (*describe)(absl::string_view, const Words&);
  absl::string_view otherwise;  // of a socket that the table does not list
};

constexpr absl::string_view kIdle = "neither connected nor listening", kUnbound = "not bound";

// clang-format off
constexpr Table kTables[] = {
    {"TCP",         "net/tcp",      "tcp",     9, DescribeTcp,     kIdle},
    {"TCPv6",       "net/tcp6",     "tcp",     9, DescribeTcp,     kIdle},
    {"UDP",         "net/udp",      "udp",     9, DescribeUdp,     kUnbound},
    {"UDPv6",       "net/udp6",     "udp",     9, DescribeUdp,     kUnbound},
    {"UNIX",        "net/unix",     "unix",    6, DescribeUnix,    {}},
    {"UNIX-STREAM", "net/unix",     "unix",    6, DescribeUnix,    {}},
    {"UDP-Lite",    "net/udplite",  "udplite", 9, DescribeUdp,     kUnbound},
    {"UDPLITEv6",   "net/udplite6", "udplite", 9, DescribeUdp,     kUnbound},
    {"RAW",         "net/raw",      "raw",     9, DescribeRaw,     {}},
    {"RAWv6",       "net/raw6",     "raw",     9, DescribeRaw,     {}},
    {"PING",        "net/icmp",     "ping",    9, DescribeUdp,     kUnbound},
    {"PINGv6",      "net/icmp6",    "ping",    9, DescribeUdp,     kUnbound},
    {"NETLINK",     "net/netlink",  "netlink", 9, DescribeNetlink, kUnbound},
    {"PACKET",      "net/packet",   "packet",  8, DescribePacket,  {}},
};
// clang-format on

// Splits at runs of blanks, the word after the inode going to the end of the line.
void Split(absl::string_view line, size_t words_before_rest, Words& words) {
  words.clear();
  while (true) {
    const size_t start = line.find_first_not_of(' ');
    if (start == absl::string_view::npos) return;
    line.remove_prefix(start);
    if (words.size() == words_before_rest) {
      words.push_back(line);
      return;
    }
    const size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// Describes those of WANTED that the table lists.
void ReadTable(const ProcessDirectory& process, const Table& table, const absl::flat_hash_set<uint64_t>& wanted,
               Descriptions& found) {
  const std::string content = process.Read(table.file);
  Words words;
  for (absl::string_view line : absl::StrSplit(content, '\n')) {
    Split(line, table.inode_word + 1, words);
    if (words.size() <= table.inode_word) continue;
    const auto inode = Parse<uint64_t>(words[table.inode_word], 10);
    if (inode != 0 && wanted.contains(inode)) found[inode] = table.describe(table.name, words);
  }
}

}  // namespace

Descriptions DescribeSockets(const ProcessDirectory& process, std::span<const SocketOfInterest> sockets) {
  Descriptions found;
  for (const Table& table : kTables) {
    const bool read_before = &table != kTables && std::strcmp(table.file, (&table - 1)->file) == 0;
    absl::flat_hash_set<uint64_t> wanted;
    for (const SocketOfInterest& socket : sockets) {
      const bool fits = socket.protocol.empty() ? !read_before : socket.protocol == table.protocol;
      if (fits && !found.contains(socket.inode)) wanted.insert(socket.inode);
    }
    if (!wanted.empty()) ReadTable(process, table, wanted, found);
  }
  for (const SocketOfInterest& socket : sockets) {
    if (socket.protocol.empty() || found.contains(socket.inode)) continue;
    std::string& text = found[socket.inode];
    text = absl::AsciiStrToLower(socket.protocol);
    for (const Table& table : kTables) {
      if (table.protocol != socket.protocol) continue;
      text = table.otherwise.empty() ? std::string(table.name) : absl::StrCat(table.name, ", ", table.otherwise);
    }
  }
  return found;
}

}  // namespace fdtrace
