// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bell: a descriptor that is readable while it is rung: what waits in a World for something of the
// World itself. One thread's.

#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/frame_connection.hpp"

namespace troupe::sim {

class Bell final {
 public:
  Bell();  // throws Error (system)

  void ring() noexcept;
  void silence() noexcept;
  transports::Readiness readiness() const noexcept;

 private:
  const UniqueFd fd_;
  bool rung_ = false;
};

}  // namespace troupe::sim
