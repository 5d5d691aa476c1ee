// SPDX-License-Identifier: Apache-2.0
#pragma once

// The watchdog: fails a test that hangs, and says where. Linking the harness is enough: each test
// gets an alarm; when it goes off, every thread's stack is printed and the program aborts. It uses
// SIGALRM and no thread of its own, so that a test may fork. A child process has no alarm until it
// sets one. TROUPE_TEST_PATIENCE: so many seconds instead.

namespace troupe::harness {

// The calling process is watched from now on, for as long as one test may take.
void watch() noexcept;

}  // namespace troupe::harness
