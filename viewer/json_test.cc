#include "viewer/json.h"

#include <gtest/gtest.h>

#include "proto/report.pb.h"

namespace fdtrace {
namespace {

TEST(Json, HasEveryFieldByItsProtoName) {
  Report report;
  report.mutable_recording()->add_command("./server");
  report.mutable_recording()->set_duration_ns(12'400'000'000);
  report.mutable_recording()->mutable_corrections()->set_closed_unseen(2);
  LeakSite& leak = *report.add_leaks();
  leak.set_verdict(LeakSite::GROWING);
  leak.set_still_open(200);
  Frame& frame = *leak.add_stack();
  frame.set_function("ns::load<int>(char const&)");
  frame.set_line(42);
  report.add_processes()->set_end(Process::VANISHED);
  report.add_inherited()->add_fds(3);
  const absl::StatusOr<std::string> json = RenderJson(report);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(*json, R"json({
 "recording": {
  "command": [
   "./server"
  ],
  "started_at": "",
  "duration_ns": "12400000000",
  "exit_status": 0,
  "complete": false,
  "events": "0",
  "events_lost": "0",
  "corrections": {
   "opened_unseen": 0,
   "closed_unseen": 2
  },
  "opened": 0,
  "still_open": 0,
  "notes": [],
  "signal": 0,
  "session": false
 },
 "processes": [
  {
   "pid": 0,
   "parent_pid": 0,
   "executable": "",
   "command_line": [],
   "started_ns": "0",
   "ended_ns": "0",
   "nofile_soft": "0",
   "nofile_hard": "0",
   "peak_open": 0,
   "open_at_exit": 0,
   "untraced_reason": "",
   "opened": 0,
   "end": "VANISHED"
  }
 ],
 "leaks": [
  {
   "verdict": "GROWING",
   "resource": "",
   "call": "",
   "opened": 0,
   "closed": 0,
   "still_open": 200,
   "peak_open": 0,
   "pinned_bytes": "0",
   "first_opened_ns": "0",
   "last_opened_ns": "0",
   "stack": [
    {
     "function": "ns::load\u003cint\u003e(char const&)",
     "file": "",
     "line": 42,
     "module": "",
     "language": "NATIVE",
     "inlined": false,
     "own": false,
     "address": "0"
    }
   ],
   "usually_closed_at": [],
   "descriptors": [],
   "first_opened_at": [],
   "advice": "",
   "curve": []
  }
 ],
 "pinned_files": [],
 "pinned_sites": [],
 "failures": [],
 "bad_closes": [],
 "leftovers": [],
 "writers": [],
 "inherited": [
  {
   "parent_pid": 0,
   "child_pid": 0,
   "executable": "",
   "count": 0,
   "stack": [],
   "fds": [
    3
   ],
   "call": "",
   "from_caller": false
  }
 ],
 "timeline": [],
 "pinned_filesystems": [],
 "collected": [],
 "sources": [],
 "findings": [],
 "suppressions": [],
 "tests": []
}
)json");
}

}  // namespace
}  // namespace fdtrace
