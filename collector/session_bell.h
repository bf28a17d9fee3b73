// Makes a poll wake up when a traced process rings the session's bell: a futex cannot be polled, so one thread of ours
// sleeps on it and writes an eventfd.
//
//  - Between Sleep and Wake no ring is missed; while nobody sleeps, ringing costs the processes no system call.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "proto/session.h"

namespace fdtrace {

class BellThread {
 public:
  // EVENT_FD is written to. Where no thread can be had, works() is false: the caller looks every now and then.
  BellThread(SessionPage& page, int event_fd);
  ~BellThread();
  BellThread(const BellThread&) = delete;
  BellThread& operator=(const BellThread&) = delete;

  bool works() const { return thread_.joinable(); }

  // Says that the caller is about to sleep. False: the bell was rung since Wake, so it must not.
  bool Sleep();
  // Says that the caller is awake. True: the bell was rung since it was last asked, so it must look at every ring.
  bool Wake();

 private:
  void Run(uint32_t seen);

  SessionPage& page_;
  const int event_fd_;
  uint32_t heard_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace fdtrace
