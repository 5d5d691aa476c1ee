// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ports of a Runtime besides Clock and Random: how it waits (Poller), where it runs what nobody
// waits for (Executor), and who it says it is (Life). Handed in, never reached for, so that a test
// or a simulation can hold them; the thread forms here are what a program gets by default.

#include "troupe/base/deadline.hpp"
#include "troupe/base/os/event_set.hpp"
#include "troupe/base/result.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace troupe {

// One thing to wait for, and whether it came.
struct PollItem {
  transports::Readiness readiness;
  bool ready = false;
};

// Which life of a node this is: what other nodes tell two of them apart by.
struct Life {
  std::uint64_t epoch = 0;  // greater in each later life
  int pid = 0;
};

// Thread-safe.
class Poller {
 public:
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  // Blocks the caller until an item is ready (all that are get marked) or the deadline passes
  // (timed_out). An end or error of a descriptor is readiness. Signals that arrive meanwhile are
  // not visible.
  virtual Result<void> wait(std::span<PollItem> items, Deadline until) = 0;

  // The same for a set of descriptors and for `stop`, in one call: see EventSet::wait.
  virtual Result<os::EventSet::Woken> wait(os::EventSet& set, int stop, Deadline until) = 0;

  // poll(2) and epoll(7) on the calling thread.
  static std::unique_ptr<Poller> of_threads();
};

// Thread-safe.
class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;  // returns when everything it runs has ended

  // Runs `work` to its end, concurrently with the caller.
  virtual void execute(std::function<void()> work) = 0;

  // False: there are no threads here, and execute() refuses; what is to run beside other things is
  // made a task of the runtime's.
  virtual bool has_threads() const noexcept { return true; }

  // A thread for each work, named `name`, with all signals blocked.
  static std::unique_ptr<Executor> of_threads(std::string name);
};

}  // namespace troupe
