// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/task_queues.hpp"

#include <algorithm>

namespace troupe::fiber {

Task* TaskDeque::steal_half(TaskDeque& thief, std::ptrdiff_t most) noexcept {
  if (size_.load() <= 0) {
    return nullptr;
  }
  Task* in_hand = nullptr;
  Task* rest = nullptr;  // linked by next_, the oldest first
  Task** end = &rest;
  {
    const std::lock_guard lock{lock_};
    in_hand = unlink_oldest();
    for (auto more = std::min(most, (size_.load() + 1) / 2); in_hand != nullptr && more > 1;
         --more) {
      Task* const task = unlink_oldest();
      if (task == nullptr) {
        break;
      }
      task->next_ = nullptr;
      *end = task;
      end = &task->next_;
    }
  }
  while (rest != nullptr) {
    Task& task = *std::exchange(rest, rest->next_);
    thief.push_oldest(task);
  }
  return in_hand;
}

}  // namespace troupe::fiber
