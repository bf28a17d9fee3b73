// What the model's tests share: events in one line, and a trace that is kept in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collector/model.h"
#include "proto/session.h"

namespace fdtrace {

inline uint64_t Id(uint32_t serial, uint64_t count) { return uint64_t{serial} << kLifetimeCountBits | count; }

struct OpenCall {
  uint64_t id = 0;
  int fd = 3;
  uint32_t function = 1;
  uint64_t stack = 0;
  uint64_t source = 0;
  uint64_t replaced = 0;
  const char* path = "";
  int companion = -1;
  bool overwrote = false;
  uint64_t inode = 0;  // of device 1: received over a socket
  std::optional<FileFacts> file = std::nullopt;
  bool created = false;
  std::optional<FileFacts> emptied = std::nullopt;  // as the file was before the call
  const char* directory = "";
  uint64_t mark = 0;
  uint64_t absent_for_ns = 0;
};

inline void SetState(const std::optional<FileFacts>& facts, FileState* (*make)(Event&), Event& event) {
  if (!facts) return;
  FileState& state = *make(event);
  state.set_device(facts->device);
  state.set_inode(facts->inode);
  state.set_links(facts->links);
  state.set_bytes(facts->bytes);
  state.set_apparent_bytes(facts->apparent_bytes);
}

inline Event OpenedEvent(uint64_t at_ns, const OpenCall& open) {
  Event event;
  event.set_at_ns(at_ns);
  auto& opened = *event.mutable_opened();
  opened.set_id(open.id);
  opened.set_fd(open.fd);
  opened.set_function(open.function);
  opened.set_stack(open.stack);
  opened.set_source(open.source);
  opened.set_replaced(open.replaced);
  opened.set_path(open.path);
  opened.set_companion(open.companion + 1);
  opened.set_overwrote(open.overwrote);
  if (open.inode != 0) opened.set_device(1);
  opened.set_inode(open.inode);
  opened.set_created(open.created);
  opened.set_absent_for_ns(open.absent_for_ns);
  SetState(
      open.file, [](Event& of) { return of.mutable_opened()->mutable_file(); }, event);
  SetState(
      open.emptied, [](Event& of) { return of.mutable_opened()->mutable_before(); }, event);
  opened.set_directory(open.directory);
  opened.set_mark(open.mark);
  return event;
}

struct CloseCall {
  uint64_t id = 0;
  int fd = 3;
  uint32_t function = 2;
  uint64_t stack = 0;
  std::optional<FileFacts> file = std::nullopt;
};

inline Event ClosedEvent(uint64_t at_ns, const CloseCall& close) {
  Event event;
  event.set_at_ns(at_ns);
  auto& closed = *event.mutable_closed();
  closed.set_id(close.id);
  closed.set_fd(close.fd);
  closed.set_function(close.function);
  closed.set_stack(close.stack);
  SetState(
      close.file, [](Event& of) { return of.mutable_closed()->mutable_file(); }, event);
  return event;
}

inline Event WrittenEvent(uint64_t at_ns, uint64_t id, int fd, const FileFacts& file) {
  Event event;
  event.set_at_ns(at_ns);
  event.mutable_written()->set_id(id);
  event.mutable_written()->set_fd(fd);
  SetState(
      file, [](Event& of) { return of.mutable_written()->mutable_file(); }, event);
  return event;
}

inline Event LeftByDaemonEvent(uint64_t forked_ns) {
  Event event;
  event.set_at_ns(forked_ns);
  event.mutable_exiting()->set_by_daemon(true);
  return event;
}

struct UnlinkCall {
  FileFacts file;  // with the links that are left
  const char* path = "";
  uint64_t stack = 0;
  uint32_t function = 7;
  Unlinked::How how = Unlinked::UNLINK;
};

inline Event UnlinkedEvent(uint64_t at_ns, const UnlinkCall& call) {
  Event event;
  event.set_at_ns(at_ns);
  auto& unlinked = *event.mutable_unlinked();
  unlinked.set_path(call.path);
  unlinked.set_function(call.function);
  unlinked.set_stack(call.stack);
  unlinked.set_how(call.how);
  SetState(
      call.file, [](Event& of) { return of.mutable_unlinked()->mutable_file(); }, event);
  return event;
}

inline Event RenamedEvent(uint64_t at_ns, uint64_t inode, const std::string& path, bool replaced = false,
                          const std::string& old_path = "") {
  Event event;
  event.set_at_ns(at_ns);
  event.mutable_renamed()->set_device(1);
  event.mutable_renamed()->set_inode(inode);
  event.mutable_renamed()->set_new_path(path);
  event.mutable_renamed()->set_replaced(replaced);
  event.mutable_renamed()->set_old_path(old_path);
  return event;
}

inline Event LinkedEvent(uint64_t at_ns, const FileFacts& file, const std::string& path) {
  Event event;
  event.set_at_ns(at_ns);
  event.mutable_linked()->set_new_path(path);
  SetState(
      file, [](Event& of) { return of.mutable_linked()->mutable_file(); }, event);
  return event;
}

inline Event MovedEvent(uint64_t at_ns, const std::string& from, const std::string& to, bool exchanged = false) {
  Event event;
  event.set_at_ns(at_ns);
  event.mutable_moved()->set_old_path(from);
  event.mutable_moved()->set_new_path(to);
  event.mutable_moved()->set_exchanged(exchanged);
  return event;
}

struct RangeCall {
  uint32_t first = 3;
  uint32_t last = UINT32_MAX;
  uint32_t function = 6;
  uint64_t stack = 0;
};

inline Event ClosedRangeEvent(uint64_t at_ns, const RangeCall& call) {
  Event event;
  event.set_at_ns(at_ns);
  auto& range = *event.mutable_closed_range();
  range.set_first(call.first);
  range.set_last(call.last);
  range.set_function(call.function);
  range.set_stack(call.stack);
  return event;
}

struct KeptDescriptor {
  int fd = 3;
  uint64_t id = 0;
  uint32_t function = 1;
  uint64_t stack = 0;
};

inline Event KeptEvent(const KeptDescriptor& what) {
  Event event;
  event.mutable_kept()->set_fd(what.fd);
  event.mutable_kept()->set_id(what.id);
  event.mutable_kept()->set_function(what.function);
  event.mutable_kept()->set_stack(what.stack);
  return event;
}

inline Event ExecutingEvent(uint64_t at_ns, bool spawns = false, uint64_t mark = 0) {
  Event event;
  event.set_at_ns(at_ns);
  event.mutable_executing()->set_spawns(spawns);
  event.mutable_executing()->set_mark(mark);
  return event;
}

inline Event ExecFailedEvent() {
  Event event;
  event.mutable_exec_failed()->set_error(2);
  return event;
}

inline Event SpawnedEvent(uint32_t pid) {
  Event event;
  event.mutable_spawned()->set_pid(pid);
  return event;
}

struct SendCall {
  uint64_t id = 0;
  int fd = 3;
  uint32_t function = 1;
  uint64_t stack = 0;
  uint64_t inode = 0;  // of device 1
};

inline Event SentEvent(uint64_t at_ns, const SendCall& call) {
  Event event;
  event.set_at_ns(at_ns);
  Sent& sent = *event.mutable_sent();
  sent.set_id(call.id);
  sent.set_fd(call.fd);
  sent.set_function(call.function);
  sent.set_stack(call.stack);
  sent.set_device(1);
  sent.set_inode(call.inode);
  return event;
}

inline Event FunctionEvent(uint32_t number, const std::string& name, Resource resource = RESOURCE_UNKNOWN) {
  Event event;
  event.mutable_function()->set_number(number);
  event.mutable_function()->set_name(name);
  event.mutable_function()->set_resource(resource);
  return event;
}

inline Event ModuleEvent(uint64_t key, const std::string& path) {
  Event event;
  event.mutable_module()->set_key(key);
  event.mutable_module()->set_path(path);
  event.mutable_module()->set_build_id("id of " + path);
  return event;
}

// One frame at an address of a module; module 0: in none.
inline Event StackEvent(uint64_t hash, uint64_t module, uint64_t address) {
  Event event;
  event.mutable_stack()->set_hash(hash);
  event.mutable_stack()->add_modules(module);
  event.mutable_stack()->add_addresses(address);
  return event;
}

inline Event MarkEvent(uint64_t at_ns, uint64_t key, const std::string& name) {
  Event event;
  event.set_at_ns(at_ns);
  event.mutable_mark()->set_key(key);
  event.mutable_mark()->set_name(name);
  return event;
}

struct FailedCall {
  int32_t error = 0;
  uint32_t function = 1;
  uint64_t stack = 0;
  const char* path = "";
  uint64_t limit = 0;  // RLIMIT_NOFILE, soft and hard
  std::optional<FilesystemState> filesystem = std::nullopt;
  int fd = -1;
  bool privileged = false;
  bool beyond_set = false;
  bool by_signal = false;
};

inline Event FailedEvent(uint64_t at_ns, const FailedCall& call) {
  Event event;
  event.set_at_ns(at_ns);
  Failed& failed = *event.mutable_failed();
  failed.set_error(call.error);
  failed.set_function(call.function);
  failed.set_stack(call.stack);
  failed.set_beyond_set(call.beyond_set);
  failed.set_by_signal(call.by_signal);
  failed.set_path(call.path);
  failed.set_fd(call.fd + 1);
  failed.set_nofile_soft(call.limit);
  failed.set_nofile_hard(call.limit);
  if (call.filesystem) *failed.mutable_filesystem() = *call.filesystem;
  failed.set_privileged(call.privileged);
  return event;
}

// On device 1, of blocks of 4 KiB.
struct Room {
  uint64_t blocks = 1024;
  uint64_t blocks_free = 0;
  uint64_t blocks_available = 0;
  uint64_t inodes = 0;
  uint64_t inodes_free = 0;
};

inline FilesystemState StateOf(const Room& room) {
  FilesystemState state;
  state.set_device(1);
  state.set_block_bytes(4096);
  state.set_blocks(room.blocks);
  state.set_blocks_free(room.blocks_free);
  state.set_blocks_available(room.blocks_available);
  state.set_inodes(room.inodes);
  state.set_inodes_free(room.inodes_free);
  return state;
}

inline Event ThreadEvent(uint32_t tid, const std::string& name) {
  Event event;
  event.mutable_thread()->set_tid(tid);
  event.mutable_thread()->set_name(name);
  return event;
}

inline std::vector<SeenDescriptor> Seen(const std::vector<int>& numbers) {
  std::vector<SeenDescriptor> seen;
  seen.reserve(numbers.size());
  for (const int fd : numbers)
    seen.push_back({.fd = fd, .link = "/of/" + std::to_string(fd), .description = "", .resource = FILE, .file = {}});
  return seen;
}

// A trace sorted by kind of record.
class KeptTrace : public TraceWriter {
 public:
  absl::Status Append(const TraceRecord& record) override {
    if (record.has_process()) processes.push_back(record.process());
    if (record.has_module()) modules.push_back(record.module());
    if (record.has_stack()) stacks.push_back(record.stack());
    if (record.has_site()) sites.push_back(record.site());
    if (record.has_open_descriptor()) descriptors.push_back(record.open_descriptor());
    if (record.has_inherited()) inherited.push_back(record.inherited());
    if (record.has_pinned()) pinned.push_back(record.pinned());
    if (record.has_leftover()) leftovers.push_back(record.leftover());
    if (record.has_growth()) growth.push_back(record.growth());
    if (record.has_filesystem()) filesystems.push_back(record.filesystem());
    if (record.has_failure()) failures.push_back(record.failure());
    if (record.has_bad_close()) bad_closes.push_back(record.bad_close());
    if (record.has_test()) tests.push_back(record.test());
    if (record.has_timeline()) timeline = record.timeline();
    if (record.has_end()) end = record.end();
    return absl::OkStatus();
  }
  absl::Status Flush() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }

  const TraceStack* StackAt(uint32_t index) const { return index == 0 ? nullptr : &stacks.at(index - 1); }

  std::vector<TraceProcess> processes;
  std::vector<TraceModule> modules;
  std::vector<TraceStack> stacks;
  std::vector<TraceSite> sites;
  std::vector<TraceDescriptor> descriptors;
  std::vector<TraceInherited> inherited;
  std::vector<TracePinned> pinned;
  std::vector<TraceLeftover> leftovers;
  std::vector<TraceGrowth> growth;
  std::vector<TraceFilesystem> filesystems;
  std::vector<TraceFailure> failures;
  std::vector<TraceBadClose> bad_closes;
  std::vector<TraceTest> tests;
  TraceTimeline timeline;
  TraceEnd end;
};

}  // namespace fdtrace
