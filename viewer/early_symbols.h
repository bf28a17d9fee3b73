// Reads libraries while the program that they belong to still runs, so that little is left to be read when it ends.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "viewer/module_symbols.h"

namespace fdtrace {

// In a thread of its own, which ends with it. For one recording.
//  - Only what lies where packages install is read: they replace files, but a build writes its own in place, and
//  reading
//    what is cut short meanwhile would end us.
//  - Files without a build id are not: whether they have changed is told by a time that is known only in the end.
class EarlySymbols {
 public:
  // Where packages install: files whose paths begin so.
  explicit EarlySymbols(std::vector<std::string> installed = {"/usr/bin/", "/usr/sbin/", "/usr/lib", "/bin/", "/sbin/",
                                                              "/lib"});
  ~EarlySymbols();
  EarlySymbols(const EarlySymbols&) = delete;
  EarlySymbols& operator=(const EarlySymbols&) = delete;

  // The return address (see AddSymbols) in the file is likely to be asked for. Does not wait for any reading.
  void Want(const std::string& path, const std::string& build_id, uint64_t address);

  // The file, quick to tell what it has been asked for; null when it is not one of those, has not been reached or could
  // not be read. From then on nothing is read any more.
  std::unique_ptr<ModuleSymbols> Take(const std::string& path, const std::string& build_id);

 private:
  using Key = std::pair<std::string, std::string>;  // path, build id

  bool IsInstalled(const std::string& path) const;
  void Run();
  void Stop();

  const std::vector<std::string> installed_;

  std::mutex mutex_;  // of what follows, up to the thread
  std::condition_variable changed_;
  std::deque<std::pair<Key, uint64_t>> wanted_;
  bool stopping_ = false;

  std::thread thread_;
  absl::flat_hash_set<std::pair<Key, uint64_t>> known_;               // the caller's
  absl::flat_hash_map<Key, std::unique_ptr<ModuleSymbols>> modules_;  // the thread's, until it has ended
};

}  // namespace fdtrace
