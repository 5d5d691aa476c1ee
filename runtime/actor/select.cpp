// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/select.hpp"

#include "troupe/base/random.hpp"
#include "troupe/runtime/actor/internal/handler_deadline.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

#include <poll.h>

namespace troupe {

void SelectWait::readable(int fd) {
  items.push_back({{fd, POLLIN}});
}

namespace actor {

std::size_t first_case(RuntimeCore& runtime, std::size_t count) {
  return count > 1 ? static_cast<std::size_t>(runtime.random().next() % count) : 0;
}

Result<void> wait_for_case(RuntimeCore& runtime, SelectWait& wait, Deadline after) {
  if (wait.look_again) {
    return {};
  }
  const Deadline limit = within_handler(forever);
  auto parked = park(runtime, wait.items, earlier(earlier(after, limit), wait.wake));
  if (!parked && parked.error() == Code::timed_out && !limit.passed()) {
    return {};  // the time of `after`, or of a source
  }
  return parked ? parked : parked.error().within("select");
}

Result<RuntimeCore*> current_runtime_for_select() {
  if (RuntimeCore* const runtime = RuntimeCore::current(); runtime != nullptr) {
    return runtime;
  }
  return Error{Code::invalid_argument,
               "select: this thread has no current runtime; pass one, or make a Runtime::Scope"};
}

}  // namespace actor
}  // namespace troupe
