#include "collector/descriptions.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// What is seen of descriptor FD of process PID.
SeenDescriptor See(int fd, pid_t pid = getpid(), const std::vector<pid_t>& others = {},
                   const std::vector<int>& untold = {}) {
  const auto process = ProcessDirectory::Open(pid);
  const auto numbers = process->Numbers();
  PipeIndex index;
  const auto all = DescribeDescriptors(*process, *numbers, untold, others, index);
  EXPECT_TRUE(all.ok()) << all.status();
  for (const SeenDescriptor& seen : *all) {
    if (seen.fd == fd) return seen;
  }
  ADD_FAILURE() << "descriptor " << fd << " was not seen";
  return {};
}

class TestDescriptor {
 public:
  explicit TestDescriptor(int fd) : fd_(fd) { EXPECT_GE(fd, 0) << strerror(errno); }
  TestDescriptor(const TestDescriptor&) = delete;
  ~TestDescriptor() { Close(); }
  operator int() const { return fd_; }  // NOLINT: stands for the number in calls
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

sockaddr_in Loopback() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int PortOf(int fd) {
  sockaddr_in6 address = {};
  socklen_t length = sizeof address;
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  return ntohs(address.sin6_port);  // in the same place in either family
}

int TcpListener() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback();
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(fd, 5), 0);
  return fd;
}

int ConnectTo(int listener) {
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  return fd;
}

TEST(DescriptionsTest, TellsTcpConnectionsByBothEndsAndState) {
  const TestDescriptor listener(TcpListener());
  TestDescriptor client(ConnectTo(listener));
  const TestDescriptor server(accept(listener, nullptr, nullptr));
  const int port = PortOf(listener), client_port = PortOf(client);

  EXPECT_EQ(See(listener).description, absl::StrCat("tcp 127.0.0.1:", port, " LISTEN"));
  EXPECT_EQ(See(listener).resource, SOCKET);
  EXPECT_THAT(See(listener).link, StartsWith("socket:["));
  EXPECT_EQ(See(server).description,
            absl::StrCat("tcp 127.0.0.1:", port, " <-> 127.0.0.1:", client_port, " ESTABLISHED"));
  client.Close();
  EXPECT_EQ(See(server).description,
            absl::StrCat("tcp 127.0.0.1:", port, " <-> 127.0.0.1:", client_port, " CLOSE_WAIT"));
}

TEST(DescriptionsTest, TellsASocketThatIsInNoTable) {
  const TestDescriptor fresh(socket(AF_INET, SOCK_STREAM, 0)), datagram(socket(AF_INET, SOCK_DGRAM, 0));
  EXPECT_EQ(See(fresh).description, "tcp, neither connected nor listening");
  EXPECT_EQ(See(datagram).description, "udp, not bound");
}

TEST(DescriptionsTest, ReadsNoTableForWhatIsNotToBeTold) {
  const TestDescriptor fresh(socket(AF_INET, SOCK_STREAM, 0));
  const SeenDescriptor seen = See(fresh, getpid(), {}, {fresh});
  EXPECT_EQ(seen.resource, SOCKET);
  EXPECT_EQ(seen.description, "");
}

TEST(DescriptionsTest, TellsIpv6InBrackets) {
  const int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) GTEST_SKIP() << "no IPv6 here";
  const TestDescriptor listener(fd);
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) GTEST_SKIP() << "no ::1 here";
  ASSERT_EQ(listen(listener, 1), 0);
  EXPECT_EQ(See(listener).description, absl::StrCat("tcp [::1]:", PortOf(listener), " LISTEN"));
}

TEST(DescriptionsTest, TellsUdpBoundAndConnected) {
  const TestDescriptor bound(socket(AF_INET, SOCK_DGRAM, 0)), connected(socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address = Loopback();
  ASSERT_EQ(bind(bound, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  address.sin_port = htons(static_cast<uint16_t>(PortOf(bound)));
  ASSERT_EQ(connect(connected, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(See(bound).description, absl::StrCat("udp 127.0.0.1:", PortOf(bound)));
  EXPECT_THAT(See(connected).description,
              absl::StrCat("udp 127.0.0.1:", PortOf(connected), " <-> 127.0.0.1:", PortOf(bound)));
}

TEST(DescriptionsTest, TellsUnixSocketsByName) {
  const std::string path = absl::StrCat("/tmp/a name ", getpid());
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  strcpy(address.sun_path, path.c_str());
  const TestDescriptor named(socket(AF_UNIX, SOCK_STREAM, 0)), datagram(socket(AF_UNIX, SOCK_DGRAM, 0));
  ASSERT_EQ(bind(named, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  unlink(path.c_str());
  EXPECT_EQ(See(named).description, absl::StrCat("unix ", path));
  ASSERT_EQ(listen(named, 1), 0);
  EXPECT_EQ(See(named).description, absl::StrCat("unix ", path, " LISTEN"));
  address.sun_path[0] = '\0';
  const std::string abstract = absl::StrCat("descriptions-", getpid());
  strcpy(address.sun_path + 1, abstract.c_str());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + abstract.size());
  ASSERT_EQ(bind(datagram, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(See(datagram).description, absl::StrCat("unix @", abstract));
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const TestDescriptor one(pair[0]), other(pair[1]);
  EXPECT_THAT(See(one).description, StartsWith("unix (unnamed)"));
}

TEST(DescriptionsTest, TellsNetlinkByItsFamily) {
  const TestDescriptor route(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  EXPECT_EQ(See(route).description, "netlink, not bound");
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  ASSERT_EQ(bind(route, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(See(route).description, "netlink route");
}

TEST(DescriptionsTest, TellsTheOtherEndOfAPipe) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const TestDescriptor reading(ends[0]);
  TestDescriptor writing(ends[1]);
  EXPECT_THAT(See(reading).description, MatchesRegex(absl::StrCat("pipe:\\[[0-9]+\\] read end; the other end: fd ",
                                                                  int{writing}, " of the same process")));
  EXPECT_THAT(See(writing).description,
              HasSubstr(absl::StrCat("write end; the other end: fd ", int{reading}, " of the same process")));
  EXPECT_EQ(See(reading).resource, PIPE);

  const pid_t child = fork();
  if (child == 0) {
    while (true) pause();
  }
  const int number = writing;
  writing.Close();
  EXPECT_THAT(See(reading, getpid(), {child}).description,
              HasSubstr(absl::StrCat("the other end: fd ", number, " of pid ", child, " (descriptions_")));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_THAT(See(reading, getpid(), {child}).description,
              HasSubstr("read end; no other end open in the traced processes"));
}

TEST(DescriptionsTest, TellsWhatAnEpollWatches) {
  const TestDescriptor epoll(epoll_create1(0));
  EXPECT_EQ(See(epoll).description, "epoll watching nothing");
  EXPECT_EQ(See(epoll).resource, EPOLL);
  std::vector<std::unique_ptr<TestDescriptor>> watched;
  const auto watch = [&] {
    watched.push_back(std::make_unique<TestDescriptor>(eventfd(0, 0)));
    epoll_event interest = {.events = EPOLLIN, .data = {}};
    ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, *watched.back(), &interest), 0);
  };
  watch();
  EXPECT_EQ(See(epoll).description, absl::StrCat("epoll watching fd ", int{*watched[0]}));
  watch();
  watch();
  EXPECT_EQ(See(epoll).description,
            absl::StrCat("epoll watching fd ", int{*watched[0]}, ", ", int{*watched[1]}, " and ", int{*watched[2]}));
  while (watched.size() < 8) watch();
  EXPECT_THAT(See(epoll).description, HasSubstr(absl::StrCat(", ", int{*watched[4]}, " and 3 more")));
}

TEST(DescriptionsTest, TellsResourcesOfEveryKind) {
  const TestDescriptor inotify(inotify_init1(0)), event(eventfd(0, 0)), timer(timerfd_create(CLOCK_MONOTONIC, 0)),
      memory(memfd_create("m", 0)), directory(open("/", O_RDONLY | O_DIRECTORY)), null(open("/dev/null", O_RDWR)),
      file(open("/etc/passwd", O_RDONLY)), terminal(open("/dev/ptmx", O_RDWR | O_NOCTTY));
  ASSERT_GE(inotify_add_watch(inotify, "/tmp", IN_CREATE), 0);
  EXPECT_EQ(See(inotify).description, "inotify, 1 watch");
  EXPECT_EQ(See(inotify).resource, INOTIFY);
  EXPECT_EQ(See(event).resource, EVENTFD);
  EXPECT_EQ(See(timer).resource, TIMERFD);
  EXPECT_EQ(See(memory).resource, MEMFD);
  EXPECT_EQ(See(directory).resource, DIRECTORY);
  EXPECT_EQ(See(null).resource, DEVICE);
  EXPECT_EQ(See(file).resource, FILE);
  EXPECT_EQ(See(file).link, "/etc/passwd");
  EXPECT_EQ(See(file).description, "");
  EXPECT_EQ(See(terminal).resource, TERMINAL);
}

TEST(DescriptionsTest, TellsAMessageQueueFromAFile) {
  const std::string name = absl::StrCat("/descriptions-", getpid());
  const int queue = mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, nullptr);
  if (queue < 0) GTEST_SKIP() << "no message queues here";
  const TestDescriptor held(queue);
  mq_unlink(name.c_str());
  EXPECT_EQ(See(held).resource, MESSAGE_QUEUE);
}

TEST(DescriptionsTest, KeepsTheBytesOfNames) {
  const std::string path = absl::StrCat("/tmp/\xff\n\xc3(", getpid());
  const TestDescriptor file(open(path.c_str(), O_CREAT | O_RDWR, 0600));
  EXPECT_EQ(See(file).link, path);
  unlink(path.c_str());
  EXPECT_EQ(See(file).link, path + " (deleted)");
}

}  // namespace
}  // namespace fdtrace
