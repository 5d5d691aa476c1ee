// SPDX-License-Identifier: Apache-2.0
// Scheduler: one without threads of its own, and the thread that drives it.
#include "troupe/base/check.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <cstddef>
#include <thread>

namespace troupe::fiber {

bool Scheduler::is_driven_here() const noexcept {
  return !options_.own_threads && driver_.load() == std::this_thread::get_id();
}

std::size_t Scheduler::poll_once(std::size_t most) {
  TROUPE_CHECK(!options_.own_threads && "poll_once() is for own_threads = false");
  const RuntimeCore::Scope scope{runtime_};
  driver_.store(std::this_thread::get_id());
  Worker& worker = *workers_.front();
  TROUPE_CHECK(Worker::current() != &worker && "poll_once() from within");
  worker.reactor_.poll();
  return worker.run(most);
}

void Scheduler::sleep(Deadline until) {
  if (options_.idle) {
    (void)options_.idle(until);
    return;
  }
  workers_.front()->sleep_driven(until);
}

int Scheduler::wake_fd() const noexcept {
  return workers_.front()->reactor_.fd();
}

void Scheduler::wake_driver() noexcept {
  workers_.front()->notify();
}

Instant Scheduler::next_timer() const noexcept {
  return workers_.front()->first_timer();
}

int Scheduler::fd() {
  return workers_.front()->driven_fd();
}

}  // namespace troupe::fiber
