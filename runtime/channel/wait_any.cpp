// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/channel/wait_any.hpp"

#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <poll.h>

namespace troupe {
namespace {

// What polling once found: descriptors by `items`, the rest by asking.
std::vector<std::size_t> ready_ones(const std::vector<Waitable>& things,
                                    const std::vector<PollItem>& items) {
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (things[i].decided_by_fd() ? items[i].ready : things[i].ready()) {
      ready.push_back(i);
    }
  }
  return ready;
}

}  // namespace

Result<std::vector<std::size_t>> wait_any(RuntimeCore& runtime, const std::vector<Waitable>& things,
                                          Deadline until) {
  std::vector<PollItem> items;
  items.reserve(things.size());
  Deadline wake = until;
  for (const Waitable& thing : things) {
    items.push_back({{thing.fd(), POLLIN}});
    wake = earlier(wake, thing.timer());
  }
  // Whatever is there already is found without waiting, and counts even if the deadline has passed.
  Deadline next = Deadline::at_once();
  for (;;) {
    auto waited = park(runtime, items, next);
    auto ready = ready_ones(things, items);
    if (!ready.empty()) {
      return ready;
    }
    if (!waited && (waited.error() != Code::timed_out || until.passed())) {
      return waited.error().within("wait for the first of " + std::to_string(things.size()) +
                                   " things");
    }
    next = wake;
  }
}

Result<std::vector<std::size_t>> wait_any(const std::vector<Waitable>& things, Deadline until) {
  RuntimeCore* runtime = RuntimeCore::current();
  if (runtime == nullptr) {
    return Error{
        Code::invalid_argument,
        "wait_any: this thread has no current runtime; pass one, or make a Runtime::Scope"};
  }
  return wait_any(*runtime, things, until);
}

}  // namespace troupe
