// SPDX-License-Identifier: Apache-2.0
#pragma once

// A memory barrier on every processor at once, so that those who publish often need none of their
// own: membarrier(2), the form that crosses processes. Thread-safe.

namespace troupe::os {

// This process's threads take part from now on. False: the kernel cannot, or may not.
bool join_barriers() noexcept;

// When it returns, every thread of a process that takes part has passed a full barrier since the
// call began. Only in a process for which join_barriers() was true. Some microseconds when other
// processors are at work for such processes.
void make_all_visible() noexcept;

}  // namespace troupe::os
