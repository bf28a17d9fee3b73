// For tests: a traced process's side of the protocol, spoken plainly, and a model that remembers what it was told.
#pragma once

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collector/model.h"
#include "collector/monotonic_clock.h"
#include "proto/session.h"

namespace fdtrace {

// Runs BODY in a child, which ends with its result.
template <typename Body>
pid_t Fork(Body body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  return pid;
}

inline int Connect(const std::string& variable) {
  const std::string name = variable.substr(0, variable.find(':'));
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0) return fd;
  close(fd);
  return -1;
}

inline Hello MakeHello(const std::string& variable, HelloKind kind, uint32_t parent_serial, int socket_fd) {
  Hello hello = {};
  hello.version = kProtocolVersion;
  hello.kind = kind;
  memcpy(hello.cookie, variable.data() + variable.find(':') + 1, kCookieBytes);
  hello.parent_serial = parent_serial;
  hello.tid = static_cast<uint32_t>(gettid());
  hello.pid = static_cast<uint32_t>(getpid());
  hello.socket_fd = socket_fd;
  return hello;
}

class TracedClient {
 public:
  // False: no Welcome.
  bool SayHello(const std::string& variable, HelloKind kind = HelloKind::kImage, uint32_t parent_serial = 0) {
    const int fd = Connect(variable);
    if (fd < 0) return false;
    const Hello hello = MakeHello(variable, kind, parent_serial, fd);
    const bool welcome = send(fd, &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello && Receive(fd);
    close(fd);
    return welcome;
  }

  uint32_t serial() const { return serial_; }
  SessionPage& page() { return *page_; }
  Arena& arena(size_t number = 0) { return *arenas_[number]; }

  // As a writing thread does: waits while the ring is full.
  void Write(const Event& event, uint32_t ring = 0, size_t arena = 0) {
    const std::string bytes = event.SerializeAsString();
    const auto length = static_cast<uint32_t>(bytes.size());
    WriteBytes(std::string(reinterpret_cast<const char*>(&length), sizeof length) + bytes, ring, arena);
  }
  void WriteBytes(const std::string& bytes, uint32_t ring = 0, size_t arena = 0) {
    RingHeader& header = arenas_[arena]->rings[ring];
    header.owner.store(static_cast<uint32_t>(gettid()));
    const uint64_t head = header.head.load();
    while (head + bytes.size() - header.tail.load() > kRingBytes) {
      RingBell();
      usleep(100);
    }
    for (size_t i = 0; i < bytes.size(); ++i) {
      arenas_[arena]->data[ring][(head + i) % kRingBytes] = static_cast<unsigned char>(bytes[i]);
    }
    header.head.store(head + bytes.size());
  }

  void RingBell() {
    page_->bell.fetch_add(1);
    if (page_->collector_sleeps.load() != 0) syscall(SYS_futex, &page_->bell, FUTEX_WAKE, INT_MAX, nullptr);
  }

  void AnnounceExit() {
    ArenaHeader& header = arenas_[0]->header;
    const uint32_t wanted = header.exit_wanted.fetch_add(1) + 1;
    RingBell();
    for (uint32_t done; (done = header.exit_done.load()) < wanted;) {
      syscall(SYS_futex, &header.exit_done, FUTEX_WAIT, done, nullptr);
    }
  }

 private:
  bool Receive(int fd) {
    Welcome welcome = {};
    iovec part = {&welcome, sizeof welcome};
    int fds[2] = {-1, -1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != sizeof welcome || CMSG_FIRSTHDR(&message) == nullptr) return false;
    memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fds);
    const auto map = [](int file, size_t bytes) {
      return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    };
    page_ = static_cast<SessionPage*>(map(fds[0], kPageBytes));
    arenas_.push_back(static_cast<Arena*>(map(fds[1], welcome.arena_bytes)));
    close(fds[0]);
    close(fds[1]);
    serial_ = welcome.serial;
    return welcome.version == kProtocolVersion && welcome.arena_bytes == sizeof(Arena);
  }

  uint32_t serial_ = 0;
  SessionPage* page_ = nullptr;
  std::vector<Arena*> arenas_;
};

inline Event OpenedEvent(uint64_t id, int fd, const std::string& path = {}) {
  Event event;
  event.set_at_ns(static_cast<uint64_t>(MonotonicNs()));
  event.mutable_opened()->set_id(id);
  event.mutable_opened()->set_fd(fd);
  event.mutable_opened()->set_path(path);
  return event;
}

inline Event ClosedEvent(uint64_t id, int fd) {
  Event event;
  event.set_at_ns(static_cast<uint64_t>(MonotonicNs()));
  event.mutable_closed()->set_id(id);
  event.mutable_closed()->set_fd(fd);
  return event;
}

inline Event EventNow() {
  Event event;
  event.set_at_ns(static_cast<uint64_t>(MonotonicNs()));
  return event;
}

inline Event ExecutingEvent(const std::string& path, bool spawns = false) {
  Event event = EventNow();
  event.mutable_executing()->set_path(path);
  event.mutable_executing()->set_spawns(spawns);
  return event;
}

inline Event ExecFailedEvent() {
  Event event = EventNow();
  event.mutable_exec_failed()->set_error(2);
  return event;
}

inline Event SpawnedEvent(pid_t pid) {
  Event event = EventNow();
  event.mutable_spawned()->set_pid(static_cast<uint32_t>(pid));
  return event;
}

inline Event VforkChildEvent(pid_t pid) {
  Event event = EventNow();
  event.mutable_vfork_child()->set_pid(static_cast<uint32_t>(pid));
  return event;
}

inline Event VforkEndEvent() {
  Event event = EventNow();
  event.mutable_vfork_end();
  return event;
}

inline Event ExitingEvent(int status) {
  Event event = EventNow();
  event.mutable_exiting()->set_status(status);
  return event;
}

class RememberingModel : public Model {
 public:
  struct Followed {
    Image image;
    std::vector<std::pair<uint32_t, Event>> events;  // with their rings
    std::set<int> open;
    uint64_t lost = 0, stackless = 0;
    std::vector<std::vector<SeenDescriptor>> compared;
    std::set<int> open_before_compare;
    std::vector<UntracedProgram> untraced;
    ProcessEnd end = ProcessEnd::kAlive;
    bool ended = false;

    const SeenDescriptor* Seen(int fd) const {
      if (compared.empty()) return nullptr;
      for (const SeenDescriptor& seen : compared.back()) {
        if (seen.fd == fd) return &seen;
      }
      return nullptr;
    }
  };

  void ImageStarted(const Image& image) override {
    Followed& followed = images[image.serial];
    followed.image = image;
    for (const SeenDescriptor& seen : image.present) followed.open.insert(seen.fd);
  }
  void BecameUntraced(uint32_t serial, const UntracedProgram& program) override {
    images.at(serial).untraced.push_back(program);
    if (when_untraced) when_untraced();
  }
  void Consume(uint32_t serial, uint32_t ring, const Event& event) override {
    Followed& followed = images.at(serial);
    if (keep_events) followed.events.emplace_back(ring, event);
    ++consumed;
    if (event.has_opened()) followed.open.insert(event.opened().fd());
    if (event.has_closed()) followed.open.erase(event.closed().fd());
  }
  void LimitsSeen(uint32_t serial, const SystemLimits& seen) override { limits[serial] = seen; }
  void SetLost(uint32_t serial, uint64_t events_lost, uint64_t stackless) override {
    images.at(serial).lost = events_lost;
    images.at(serial).stackless = stackless;
  }
  std::vector<int> UntoldNumbers(uint32_t) const override { return {}; }
  std::vector<int> OpenNumbers(uint32_t serial) const override {
    const std::set<int>& open = images.at(serial).open;
    return std::vector<int>(open.begin(), open.end());
  }
  void Compare(uint32_t serial, const std::vector<SeenDescriptor>& seen, uint64_t) override {
    Followed& followed = images.at(serial);
    followed.compared.push_back(seen);
    followed.open_before_compare = std::exchange(followed.open, {});
    for (const SeenDescriptor& one : seen) followed.open.insert(one.fd);
  }
  void FilesHeld(uint32_t serial, const std::vector<SeenFile>& files, uint64_t) override {
    held[serial] = files;
    ++times_held_told[serial];
  }
  std::vector<WrittenFile> TakeUnsettled() override { return std::exchange(unsettled, {}); }
  std::vector<WrittenFile> Unsettled() const override { return unsettled; }
  void FileSeen(const WrittenFile& file, const FileFacts& facts, uint64_t) override {
    written.emplace_back(file, facts);
  }
  std::vector<CreatedFile> CreatedFiles() override { return created; }
  void LeftBehind(const CreatedFile& file, const FileFacts& facts) override { left.emplace_back(file, facts); }
  void FilesystemSeen(const MountedOn& filesystem) override { filesystems.push_back(filesystem); }
  void ProcessEnded(uint32_t serial, uint64_t, ProcessEnd how) override {
    images.at(serial).ended = true;
    images.at(serial).end = how;
  }
  absl::Status Write(const RecordingEnd&, TraceWriter&) override { return absl::UnimplementedError("of a test"); }

  std::function<void()> when_untraced;
  std::map<uint32_t, std::vector<SeenFile>> held;  // as told last, by serial
  std::map<uint32_t, uint64_t> times_held_told;
  std::map<uint32_t, SystemLimits> limits;
  std::vector<CreatedFile> created;
  std::vector<std::pair<CreatedFile, FileFacts>> left;
  std::vector<WrittenFile> unsettled;
  std::vector<std::pair<WrittenFile, FileFacts>> written;
  std::vector<MountedOn> filesystems;
  bool keep_events = true;
  uint64_t consumed = 0;
  std::map<uint32_t, Followed> images;  // by serial
};

}  // namespace fdtrace
