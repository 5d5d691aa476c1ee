// SPDX-License-Identifier: Apache-2.0
#pragma once

// Child: one process that this one has started, as the starter sees it. Process is the user's
// handle; the runtime keeps another, so that stopping it finds the child. Thread-safe: whoever sees
// the end first records it for all.

#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/fiber/ports.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/internal/fork_guard.hpp"

#include <sys/types.h>

#include <mutex>
#include <optional>
#include <string>

namespace troupe::process {

struct ChildFacts {
  std::string name;
  pid_t pid = 0;
  bool detached = false;
  Duration grace{};
  bool leads_group = false;  // its group is ended with it
};

class Child final {
 public:
  Child(ChildFacts facts, UniqueFd pidfd, UniqueFd status);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() = default;

  const ChildFacts& facts() const noexcept { return facts_; }
  std::string who() const;                                // "worker-2 (pid 4711)"
  int sentinel() const noexcept { return pidfd_.get(); }  // readable once it has ended

  // How it ended, reaping it if need be; empty while it runs. Never blocks.
  std::optional<Exit> exit();
  // Errors: as os::send_signal. To one that has ended: success.
  Result<void> signal(int number);
  // To its process group, while it lives.
  void signal_group(int number) noexcept;
  // Whether a signal has stopped it, or it has ended.
  bool stands_still() noexcept;
  // The same to its group, where it leads one; also once it has ended itself.
  Result<void> tell(int number);
  // A leader that has ended stays unreaped, so that its group keeps its number, until this is
  // called, which says that its group is of no more interest.
  void release();
  // Blocks until it has ended, or the deadline. Whether it has. A stop of the runtime does not
  // matter.
  bool wait(Poller& poller, Deadline until);
  // Terminates, waits for the grace, kills, waits. Whether it has ended: what the kernel holds
  // cannot be killed.
  bool end(Poller& poller);

 private:
  const ChildFacts facts_;
  const UniqueFd pidfd_;

  // Guarded by mutex_.
  std::mutex mutex_;
  ParentOnlyFd status_;
  std::optional<Exit> exit_;
  bool held_;  // a leader that is not released
  bool reaped_ = false;
};

}  // namespace troupe::process
