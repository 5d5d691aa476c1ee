// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/spin_lock.hpp"

#include <sched.h>

namespace troupe {

void SpinLock::lock_contended() noexcept {
  constexpr int kSpins = 100;
  do {
    for (int i = 0; held_.load(std::memory_order_relaxed); ++i) {
      if (i < kSpins) {
        pause_cpu();
      } else {
        ::sched_yield();  // the holder may be waiting for this CPU
      }
    }
  } while (held_.exchange(true, std::memory_order_acquire));  // as in lock
}

}  // namespace troupe
