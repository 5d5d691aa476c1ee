// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a QueueClient waits: the first receives for all, the others wait for what it finds.

#include "troupe/runtime/queue/queue_client.hpp"

#include <string>

namespace troupe::queue {

template <class Done>
Result<void> QueueClient::wait_until(Lock& lock, const Done& done, Deadline until,
                                     const char* doing) {
  while (!done()) {
    if (failure_) {
      return failure(doing);
    }
    if (redial_ != nullptr) {
      if (auto mended = mend(lock, until); !mended && redial_ != nullptr && !done()) {
        return mended.error().within(std::string{doing} + ": " + text());
      }
      continue;
    }
    if (!receiving_) {
      auto received = receive_once(lock, until);
      if (!received && !failure_ && !done()) {
        return received.error().within(std::string{doing} + ": " + text());
      }
      continue;
    }
    const auto outcome = change_.wait(runtime_, lock, until);
    if (outcome != fiber::Waiter::Outcome::fired && !done()) {
      return error_of(outcome, std::string{doing} + ": " + text());
    }
  }
  return {};
}

}  // namespace troupe::queue
