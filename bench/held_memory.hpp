// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that this process is made to hold, and how much it does.

#include <algorithm>
#include <cstddef>

namespace bench {

// Touches memory until this process holds `bytes`. Throws std::system_error.
void hold(std::size_t bytes);

// What this process holds: its own memory as the kernel counts it (Pss_Anon of
// /proc/self/smaps_rollup), and of the shared what it has mapped and touched (Pss_Shmem) and what
// its descriptors hold (the blocks of each memfd). What the kernel itself needs for descriptors and
// sockets is not in it.
struct Held {
  double own = 0;
  double mapped = 0;
  double in_descriptors = 0;

  double more_than(const Held& before) const {
    // Of the shared the larger: one is in the other.
    return own - before.own +
           std::max(mapped - before.mapped, in_descriptors - before.in_descriptors);
  }
};
Held held_now();

}  // namespace bench
