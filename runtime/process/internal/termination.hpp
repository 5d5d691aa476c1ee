// SPDX-License-Identifier: Apache-2.0
#pragma once

// TerminationWatch: turns SIGINT and SIGTERM into a stop of a runtime
// (SignalPolicy::stop_on_terminate). The second SIGINT ends the program as without a handler. A
// handler that was there before is called too; a signal that was ignored stays so. Several runtimes
// may watch; the last one's end takes the handlers away.

#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <memory>

namespace troupe {

class RuntimeCore;

namespace process {

class TerminationWatch final {
 public:
  // `runtime` must outlive the work that its executor is given here, which ends when it stops.
  // Throws Error (system; overloaded: 16 runtimes watch already).
  explicit TerminationWatch(RuntimeCore& runtime);
  TerminationWatch(const TerminationWatch&) = delete;
  TerminationWatch& operator=(const TerminationWatch&) = delete;
  ~TerminationWatch();

 private:
  std::shared_ptr<const UniqueFd> news_;  // eventfd, shared with the waiting thread
  std::size_t place_ = 0;
};

}  // namespace process
}  // namespace troupe
