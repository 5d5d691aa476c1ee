// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqContext: libzmq's threads, one set for a transport, made at its first use. A forked copy of it
// is left alone: its threads are the original's.

#include "troupe/base/result.hpp"

#include <sys/types.h>

#include <memory>

namespace troupe::transports {

class ZmqContext final {
 public:
  // Errors: overloaded (descriptors are short), system.
  static Result<std::shared_ptr<ZmqContext>> create();
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  // Waits for what its sockets still have to send, as long as they linger.
  ~ZmqContext();

  void* get() const noexcept { return context_; }
  bool is_forked_copy() const noexcept;

 private:
  explicit ZmqContext(void* context);

  void* const context_;
  const pid_t maker_;
};

// That this process may open so many descriptors more: libzmq ends the process where one is missing
// at the wrong moment. Errors: overloaded.
Result<void> expect_free_fds(int count, const std::string& doing);

}  // namespace troupe::transports
