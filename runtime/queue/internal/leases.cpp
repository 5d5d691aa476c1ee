// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/leases.hpp"

#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace troupe::queue {
namespace {

struct HeldLease {
  const QueueClient* queue;
  const void* by;  // running_on()
  std::size_t count;
};

struct Put {
  // What stands for the runtime that was the current one: a thread of a sim::World has several.
  const OpenMarks* runtime;
  std::weak_ptr<const OpenMarks> alive;
  PutMark mark;
};

const OpenMarks* current_runtime() noexcept {
  const RuntimeCore* const runtime = RuntimeCore::current();
  return runtime != nullptr ? runtime->open_marks().get() : nullptr;
}

// Of the thread. Of puts, those of its fibers are not told apart: to wait for more of them than
// need be does no harm, since what was put has been granted room.
thread_local std::vector<Put> puts;
thread_local std::vector<HeldLease> leases;

HeldLease* find(const QueueClient& queue) {
  const void* const by = running_on();
  const auto found = std::ranges::find_if(
      leases, [&](const HeldLease& each) { return each.queue == &queue && each.by == by; });
  return found != leases.end() ? &*found : nullptr;
}

}  // namespace

void note_put(PutMark mark) {
  const OpenMarks* const runtime = current_runtime();
  for (Put& each : puts) {
    if (each.mark.progress == mark.progress && each.runtime == runtime) {
      each.mark.number = mark.number;
      each.mark.at = mark.at;
      return;
    }
  }
  puts.push_back({runtime, {}, std::move(mark)});
  if (runtime != nullptr) {
    puts.back().alive = RuntimeCore::current()->open_marks();
  }
}

std::vector<PutMark> unconfirmed_puts() {
  std::erase_if(puts, [](const Put& each) {
    const bool is_over = each.runtime != nullptr && each.alive.expired();
    return is_over || each.mark.progress->accepted.load() >= each.mark.number;
  });
  std::vector<PutMark> marks;
  for (const Put& each : puts) {
    if (each.runtime == current_runtime()) {
      marks.push_back(each.mark);
    }
  }
  return marks;
}

void note_lease(const QueueClient& queue) {
  if (HeldLease* const held = find(queue); held != nullptr) {
    ++held->count;
  } else {
    leases.push_back({&queue, running_on(), 1});
  }
}

// A delivery that was moved to another thread is the first one's no more.
void note_lease_over(const QueueClient& queue) {
  if (HeldLease* const held = find(queue); held != nullptr && --held->count == 0) {
    *held = leases.back();
    leases.pop_back();
  }
}

bool holds_lease_of(const QueueClient& queue) {
  return find(queue) != nullptr;
}

}  // namespace troupe::queue
