// Makes reports from as little as a test has to say.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "proto/report.pb.h"
#include "viewer/frames.h"

namespace fdtrace {

inline void AddFrame(const std::string& function, uint32_t line, Frames* stack) {
  Frame& frame = *stack->Add();
  frame.set_function(function);
  frame.set_file("/src/app.c");
  frame.set_line(line);
  frame.set_module("/opt/app");
}

// A recording of ten seconds.
class ReportMaker {
 public:
  ReportMaker() { report.mutable_recording()->set_duration_ns(10'000'000'000); }

  // COUNT descriptors that FUNCTION, called by main, opened in its line LINE and left open; PATHS are those of the
  // first.
  LeakSite& AddLeak(const std::string& function, uint32_t count, uint32_t line = 7,
                    std::initializer_list<std::string> paths = {}) {
    LeakSite& leak = *report.add_leaks();
    leak.set_verdict(count > 1 ? LeakSite::HELD : LeakSite::SINGLE);
    leak.set_resource("file");
    leak.set_call("open");
    leak.set_opened(count);
    leak.set_still_open(count);
    AddFrame(function, line, leak.mutable_stack());
    AddFrame("main", 99, leak.mutable_stack());
    auto path = paths.begin();
    for (uint32_t i = 0; i < count; ++i) {
      Descriptor& descriptor = *leak.add_descriptors();
      descriptor.set_fd(static_cast<int32_t>(3 + i));
      if (path != paths.end()) descriptor.set_path(*path++);
    }
    return leak;
  }

  PinnedSite& AddPinned(const std::string& function, std::initializer_list<std::string> paths) {
    PinnedSite& site = *report.add_pinned_sites();
    site.set_files(static_cast<uint32_t>(paths.size()));
    site.set_bytes(static_cast<int64_t>(paths.size()) << 20);
    site.set_call("open");
    AddFrame(function, 7, site.mutable_stack());
    for (const std::string& path : paths) {
      PinnedFile& file = *report.add_pinned_files();
      file.set_path(path);
      file.set_bytes(1 << 20);
      file.set_open_call("open");
      *file.mutable_opened_at() = site.stack();
    }
    return site;
  }

  Report report;
};

}  // namespace fdtrace
