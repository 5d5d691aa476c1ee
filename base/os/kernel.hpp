// SPDX-License-Identifier: Apache-2.0
#pragma once

// What this kernel, and the container around it, can do beyond Linux 5.10. Each feature is probed
// once by using it harmlessly; TROUPE_KERNEL_WITHOUT=name,name denies features, so that every
// fallback can be tested on one machine. Thread-safe.

#include <string_view>

namespace troupe::os {

enum class KernelFeature {
  clone3,         // 5.3, but refused by common container profiles; fallback: clone
  pipe_nowait,    // 6.4: RWF_NOWAIT on anonymous pipes; fallback: poll, then at most PIPE_BUF bytes
  pipe_nosignal,  // 6.18: RWF_NOSIGNAL; fallback: SIGPIPE is blocked around the write
  pidfd_info,     // 6.15: the exit status of a process that somebody else has reaped
  membarrier,   // 4.16, but refused by some containers: barriers for all; fallback: a barrier each
  guard_pages,  // 6.13: guard pages that cost no mapping; fallback: mprotect
};

// The name that TROUPE_KERNEL_WITHOUT knows the feature by.
std::string_view name_of(KernelFeature feature) noexcept;

bool kernel_has(KernelFeature feature) noexcept;

}  // namespace troupe::os
