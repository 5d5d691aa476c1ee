// SPDX-License-Identifier: Apache-2.0
#pragma once

// A queue in select:
//
//   troupe::select(troupe::on(jobs, [&](troupe::Delivery<Job> job) { …; return job.ack(); }),
//                  troupe::after(1s, [&] { … }));
//
// Its items are deliveries, on lease. At the end of a queue that is closed the case has the error
// `closed`. While it is selected on an item is on order for it; one that comes when another case
// has run goes to the next select or take here, or within some milliseconds back to the queue.

#include "troupe/runtime/actor/select.hpp"
#include "troupe/runtime/queue/internal/interest.hpp"
#include "troupe/runtime/queue/queue.hpp"

#include <optional>
#include <utility>

namespace troupe {

template <class T>
struct Selectable<Queue<T>> {
  using Item = Delivery<T>;
  struct Attendance {
    const Queue<T>& queue;
    queue::Interest interest;
  };
  static Attendance attend(const Queue<T>& queue) {
    return {queue, queue::Interest{queue.client()}};
  }
  static std::optional<Result<Delivery<T>>> try_take(Attendance& its) {
    while (auto taken = its.interest.try_take()) {
      if (!*taken) {
        return taken->error();
      }
      if (auto delivery = its.queue.delivered(**std::move(taken))) {
        return delivery;
      }
    }
    return std::nullopt;
  }
  static void wait_on(Attendance& its, SelectWait& wait) {
    wait.look_again |= !its.interest.wait_on(wait.items);
  }
};

}  // namespace troupe
