// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/leases.hpp"

#include "troupe/runtime/fiber/park.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

struct HeldLease {
  const QueueClient* queue;
  const void* by;  // running_on()
  std::size_t count;
};

// Of the thread. Of puts, those of its fibers are not told apart: to wait for more of them than
// need be does no harm, since what was put has been granted room.
thread_local std::vector<PutMark> puts;
thread_local std::vector<HeldLease> leases;

HeldLease* find(const QueueClient& queue) {
  const void* const by = running_on();
  const auto found = std::ranges::find_if(
      leases, [&](const HeldLease& each) { return each.queue == &queue && each.by == by; });
  return found != leases.end() ? &*found : nullptr;
}

}  // namespace

void note_put(PutMark mark) {
  for (PutMark& each : puts) {
    if (each.progress == mark.progress) {
      each.number = mark.number;
      each.at = mark.at;
      return;
    }
  }
  puts.push_back(std::move(mark));
}

std::vector<PutMark> unconfirmed_puts() {
  std::erase_if(puts,
                [](const PutMark& each) { return each.progress->accepted.load() >= each.number; });
  return puts;
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
