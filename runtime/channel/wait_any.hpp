// SPDX-License-Identifier: Apache-2.0
#pragma once

// wait_any: waits for the first of many things: connections, pipes, listeners, processes,
// descriptors, timers. Python's connection.wait.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <cstddef>
#include <vector>

namespace troupe {

// One thing to wait for. Refers to it: it must live, and stay where it is, until wait_any returns.
class Waitable final {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a list of things is written plainly
  // Ready when a whole message, or the end, is there. Counts as receiving: by the receiving thread.
  Waitable(Connection& connection) : connection_(&connection), fd_(connection.ready_fd()) {}
  template <class Out, class In>
  Waitable(Pipe<Out, In>& pipe) : Waitable(pipe.connection()) {}
  // Ready when its descriptor is: a Process that has ended, a Listener that somebody has come to, …
  template <class T>
  requires requires(const T& thing) { thing.ready_fd(); }
  Waitable(const T& thing) : fd_(thing.ready_fd()) {}
  // Ready when the descriptor can be read, or has ended.
  Waitable(int fd) : fd_(fd) {}
  // Ready when it passes.
  Waitable(Deadline timer) : timer_(timer) {}
  // NOLINTEND(google-explicit-constructor)

  // For wait_any.
  int fd() const noexcept { return fd_; }
  Deadline timer() const noexcept { return timer_; }
  bool ready() const { return connection_ != nullptr ? connection_->ready() : timer_.passed(); }
  bool decided_by_fd() const noexcept { return connection_ == nullptr && fd_ >= 0; }

 private:
  Connection* connection_ = nullptr;
  int fd_ = -1;
  Deadline timer_ = forever;
};

// The indices of all things that are ready, in order; at least one. Errors: timed_out, cancelled.
Result<std::vector<std::size_t>> wait_any(RuntimeCore& runtime, const std::vector<Waitable>& things,
                                          Deadline until = forever);
// In the thread's current runtime. Errors also: invalid_argument (it has none).
Result<std::vector<std::size_t>> wait_any(const std::vector<Waitable>& things,
                                          Deadline until = forever);

}  // namespace troupe
