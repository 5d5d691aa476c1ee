// SPDX-License-Identifier: Apache-2.0
#pragma once

// Child: a forked process that runs one function, for tests of what happens between processes
// below the floor that has Process. To be made before the test starts a thread. What the child
// EXPECTs counts: its status is 1 when one failed. Killed and reaped at the end of its scope.

#include <sys/types.h>

#include <functional>
#include <string>

namespace troupe::harness {

class Child final {
 public:
  explicit Child(const std::function<void()>& body);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const noexcept;
  // Stops it, and returns once it stands still.
  void stop() const noexcept;
  void go_on() const noexcept;
  // Kills it, and returns once it is dead.
  void kill_and_reap() noexcept;
  // Waits for its end: its status, or minus the signal that ended it.
  int join() noexcept;

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
};

// Runs `body` in a child as the user nobody, or as this user when that is not root; its status.
int run_as_nobody(const std::function<void()>& body);

// Whether file permissions hold for this process at all.
bool is_root() noexcept;

}  // namespace troupe::harness
