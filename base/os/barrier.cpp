// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/barrier.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/os/kernel.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::os {

// A fork's child takes part as its parent did; a new program has to join anew.
bool join_barriers() noexcept {
  return kernel_has(KernelFeature::membarrier) &&
         ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

void make_all_visible() noexcept {
  const long done = ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
  TROUPE_CHECK(done == 0 && "join_barriers() was true");
}

}  // namespace troupe::os
