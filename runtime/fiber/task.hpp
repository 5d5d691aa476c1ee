// SPDX-License-Identifier: Apache-2.0
#pragma once

// Task: something that workers run, again and again: an actor. It is in at most one queue at a
// time. A task that waits in the middle of its work keeps the stack it stands on (`suspended`) and
// goes on there, on the worker that it waited on; one that returns keeps nothing. See
// docs/architecture.md#fibers.

#include <cstdint>

namespace troupe::fiber {

class Stack;
class Worker;

class Task {
 public:
  // Does a quantum of work, on the stack of the worker's loop; whoever calls it has the task to
  // himself until it returns or suspends.
  using Run = void (*)(Task& task);

  explicit constexpr Task(Run run) noexcept : run_(run) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

 protected:
  ~Task() = default;

 private:
  friend class Scheduler;
  friend class Worker;
  friend class TaskDeque;
  friend class TaskInbox;

  // Of the queue that it is in.
  Task* next_ = nullptr;
  Task* previous_ = nullptr;
  const Run run_;
  Stack* suspended_ = nullptr;  // where it goes on; null: by run_
  Worker* home_ = nullptr;      // who must run it; null: anybody
};

}  // namespace troupe::fiber
