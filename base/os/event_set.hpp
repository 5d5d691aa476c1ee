// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventSet: descriptors that are waited on together: epoll(7). A bell is reported once each time it
// is rung, and never read, so that sleeping costs one call. The set's own descriptor can be polled:
// readable while there is something that nobody has taken.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstdint>

namespace troupe::os {

// One thread at a time.
class EventSet final {
 public:
  // Errors: overloaded (descriptors are short), system.
  static Result<EventSet> create();

  // Reports each time that something comes to be read from `fd`; and what is there already.
  Result<void> add_bell(int fd);
  // While another thread waits, too.
  void remove(int fd) noexcept;
  // Reports the end of a socket's peer, for ever; and, until ignore_input, what it says.
  Result<void> add_peer(int socket);
  void ignore_input(int socket) noexcept;

  int fd() const noexcept { return set_.get(); }

  enum class Woken : std::uint8_t { by_event, by_stop, by_deadline };
  // Blocks until something was reported, which is thereby taken; or until `stop`, which stays the
  // same at each call, is readable, which is not. Both at once: by_event. Errors: system.
  Result<Woken> wait(int stop, Deadline until);
  // Takes what was reported without waiting.
  void take() noexcept;

 private:
  explicit EventSet(UniqueFd set) : set_(std::move(set)) {}

  Result<void> add(int fd, std::uint32_t events, std::uint64_t what);

  UniqueFd set_;
  int stop_ = -1;
};

}  // namespace troupe::os
