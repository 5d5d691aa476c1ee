// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/park.hpp"

#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/fiber/internal/worker.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/scheduler.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <vector>

namespace troupe {
namespace {

// The worker whose fiber calls; null on a thread that may block.
fiber::Worker* worker_of_fiber() noexcept {
  fiber::Worker* const worker = fiber::Worker::current();
  return worker != nullptr && worker->task() != nullptr ? worker : nullptr;
}

// No wait of a task outlives what caused it.
Deadline bounded(fiber::Worker& worker, Deadline until) {
  const fiber::TaskReports* const reports = worker.scheduler().reports();
  return reports != nullptr ? earlier(until, Deadline{reports->deadline(*worker.task())}) : until;
}

// Suspends the fiber until one of the descriptors has something, or its wait ends otherwise.
Result<void> suspend_on(fiber::Worker& worker, RuntimeCore& runtime, std::span<PollItem> items,
                        Deadline until) {
  fiber::Waiter ready;
  Result<void> added;
  std::size_t count = 0;
  for (; count < items.size() && added; ++count) {
    const auto& readiness = items[count].readiness;
    const int fd = readiness.set != nullptr ? readiness.set->fd() : readiness.fd;
    if (fd >= 0) {
      added = worker.reactor().add(fd, readiness.events, ready);
    }
  }
  const auto outcome = added ? ready.wait(runtime, until) : fiber::Waiter::Outcome::timed_out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& readiness = items[i].readiness;
    worker.reactor().remove(readiness.set != nullptr ? readiness.set->fd() : readiness.fd, ready);
  }
  if (!added) {
    return added;
  }
  if (outcome != fiber::Waiter::Outcome::fired) {
    return error_of(outcome, "wait");
  }
  return {};
}

// As wait_or_stop, for a fiber.
Result<void> suspend_until_ready(fiber::Worker& worker, RuntimeCore& runtime,
                                 std::span<PollItem> items, Deadline until) {
  flush_own_buffers();
  until = bounded(worker, until);
  auto ready = runtime.poller().wait(items, Deadline::at_once());
  while (!ready && ready.error() == Code::timed_out && !until.passed()) {
    auto suspended = suspend_on(worker, runtime, items, until);
    ready = runtime.poller().wait(items, Deadline::at_once());
    if (!suspended && !ready) {
      return suspended;  // what is ready wins, however late this runs
    }
  }
  return ready;
}

// Where the calling thread is what the runtime's tasks run on, and has to run them while it waits.
// (A simulation's poller does that itself.)
fiber::Scheduler* driven_here(RuntimeCore& runtime) noexcept {
  fiber::Scheduler* const scheduler = runtime.driven_here();
  return scheduler != nullptr && !scheduler->options().idle ? scheduler : nullptr;
}

// Runs tasks until one of the items is ready, the last of which is the runtime's stop.
Result<void> drive_until_ready(RuntimeCore& runtime, fiber::Scheduler& scheduler,
                               std::span<PollItem> items, Deadline until) {
  std::vector<PollItem> all{items.begin(), items.end()};
  all.push_back({{scheduler.wake_fd(), POLLIN}});
  for (;;) {
    auto ready = runtime.poller().wait(items, Deadline::at_once());
    if (ready || ready.error() != Code::timed_out) {
      return ready;
    }
    const bool ran = scheduler.poll_once(1) > 0;
    if (until.passed()) {
      return runtime.poller().wait(items, Deadline::at_once());
    }
    if (ran) {
      continue;
    }
    flush_own_buffers();  // the tasks', which ran on this thread
    // What wakes the tasks ends this, too.
    ready = runtime.poller().wait(all, earlier(until, Deadline{scheduler.next_timer()}));
    if (!ready && ready.error() != Code::timed_out) {
      return ready;
    }
  }
}

// `items` and, last, the runtime's stop.
Result<void> wait_or_stop(RuntimeCore& runtime, std::span<PollItem> items, Deadline until) {
  flush_own_buffers();
  fiber::Scheduler* const driven = driven_here(runtime);
  auto waited = driven != nullptr ? drive_until_ready(runtime, *driven, items, until)
                                  : runtime.poller().wait(items, until);
  const auto wanted = items.first(items.size() - 1);
  if (waited && items.back().ready && std::ranges::none_of(wanted, &PollItem::ready)) {
    return Error{Code::cancelled, "the runtime is stopping"};
  }
  return waited;
}

Result<void> wait_on_set(RuntimeCore& runtime, os::EventSet& set, Deadline until) {
  flush_own_buffers();
  if (fiber::Worker* const worker = worker_of_fiber(); worker != nullptr) {
    PollItem item{{set.fd(), POLLIN}};
    auto suspended = suspend_on(*worker, runtime, std::span{&item, 1}, bounded(*worker, until));
    set.take();
    return suspended;
  }
  if (driven_here(runtime) != nullptr) {
    std::array<PollItem, 2> items{PollItem{{set.fd(), POLLIN}},
                                  PollItem{{runtime.stop_fd(), POLLIN}}};
    auto waited = wait_or_stop(runtime, items, until);
    set.take();
    return waited;
  }
  const auto woken = runtime.poller().wait(set, runtime.stop_fd(), until);
  if (!woken) {
    return woken.error();
  }
  switch (*woken) {
    case os::EventSet::Woken::by_event:
      return {};
    case os::EventSet::Woken::by_stop:
      return Error{Code::cancelled, "the runtime is stopping"};
    case os::EventSet::Woken::by_deadline:
      return Error{Code::timed_out, "the deadline passed"};
  }
  return {};
}

}  // namespace

const void* running_on() noexcept {
  static thread_local const char thread = 0;
  const fiber::Worker* const worker = worker_of_fiber();
  return worker != nullptr ? static_cast<const void*>(worker->task()) : &thread;
}

bool on_fiber() noexcept {
  return worker_of_fiber() != nullptr;
}

Result<void> park(RuntimeCore& runtime, std::span<PollItem> items, Deadline until) {
  if (fiber::Worker* const worker = worker_of_fiber(); worker != nullptr) {
    return suspend_until_ready(*worker, runtime, items, until);
  }
  std::vector<PollItem> all{items.begin(), items.end()};
  all.push_back({{runtime.stop_fd(), POLLIN}});
  auto waited = wait_or_stop(runtime, all, until);
  std::copy_n(all.begin(), items.size(), items.begin());
  return waited;
}

Result<void> park(RuntimeCore& runtime, transports::Readiness readiness, Deadline until) {
  if (readiness.set != nullptr) {
    return wait_on_set(runtime, *readiness.set, until);
  }
  if (fiber::Worker* const worker = worker_of_fiber(); worker != nullptr) {
    PollItem item{readiness};
    return suspend_until_ready(*worker, runtime, std::span{&item, 1}, until);
  }
  std::array<PollItem, 2> items{PollItem{readiness}, PollItem{{runtime.stop_fd(), POLLIN}}};
  return wait_or_stop(runtime, items, until);
}

}  // namespace troupe
