// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/park.hpp"

#include "troupe/runtime/fiber/flusher.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <vector>

namespace troupe {
namespace {

// `items` and, last, the runtime's stop.
Result<void> wait_or_stop(RuntimeCore& runtime, std::span<PollItem> items, Deadline until) {
  flush_own_buffers();
  auto waited = runtime.poller().wait(items, until);
  const auto wanted = items.first(items.size() - 1);
  if (waited && items.back().ready && std::ranges::none_of(wanted, &PollItem::ready)) {
    return Error{Code::cancelled, "the runtime is stopping"};
  }
  return waited;
}

Result<void> wait_on_set(RuntimeCore& runtime, os::EventSet& set, Deadline until) {
  flush_own_buffers();
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

Result<void> park(RuntimeCore& runtime, std::span<PollItem> items, Deadline until) {
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
  std::array<PollItem, 2> items{PollItem{readiness}, PollItem{{runtime.stop_fd(), POLLIN}}};
  return wait_or_stop(runtime, items, until);
}

}  // namespace troupe
