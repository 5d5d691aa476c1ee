// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a Scheduler works; part of what a Runtime is made with.

#include "troupe/base/deadline.hpp"

#include <cstddef>
#include <functional>

namespace troupe::fiber {

struct SchedulerOptions {
  std::size_t workers = 0;  // 0: one for each CPU that the process may use
  // False: no threads; poll_once() runs what there is, on the caller's.
  bool own_threads = true;
  std::size_t stack_bytes = std::size_t{256} << 10;
  // Messages that an actor may handle before others have their turn.
  unsigned quantum = 64;
  // Which of `count` runnable tasks runs next; empty: the scheduler's own order. For own_threads =
  // false only: a simulation's.
  std::function<std::size_t(std::size_t count)> choose;
  // For own_threads = false: what a wait outside of actors calls until it is over, instead of
  // running this scheduler's tasks: a simulation's runs a task of any of its nodes, or moves the
  // clock. False: there is nothing to be done until then.
  std::function<bool(Deadline until)> idle;
};

}  // namespace troupe::fiber
