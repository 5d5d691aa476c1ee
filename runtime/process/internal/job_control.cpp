// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/job_control.hpp"

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/process/internal/child.hpp"
#include "troupe/runtime/process/internal/process_host.hpp"
#include "troupe/runtime/process/signal_box.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTSTP is POSIX

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::process {
namespace {

using Children = std::vector<std::shared_ptr<Child>>;

// How long a child may take to hand the signal on to its own children, and to stand still.
constexpr std::chrono::milliseconds kPatience{500};

Children own_children() {
  const auto host = ProcessHost::current();
  Children children = host != nullptr ? host->living() : Children{};
  std::erase_if(children, [](const auto& child) { return child->facts().detached; });
  return children;
}

// Only then may this process stop: a SIGCONT that overtakes the stop of a child would be lost on
// it.
void wait_until_they_stand_still(Children children) {
  const Deadline until{kPatience};
  while (std::erase_if(children, [](const auto& child) { return child->stands_still(); }),
         !children.empty() && !until.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});  // the kernel tells only by SIGCHLD
  }
  for (const auto& child : children) {
    child->signal_group(SIGSTOP);
  }
}

}  // namespace

void suspend_with_children() {
  static std::mutex mutex;
  static std::uint64_t done = 0;
  const std::lock_guard lock{mutex};
  const std::uint64_t seen = signals_seen(SIGTSTP);
  if (seen == done) return;
  done = seen;

  const Children children = own_children();
  for (const auto& child : children) {
    child->signal_group(SIGTSTP);
  }
  wait_until_they_stand_still(children);
  take_default(SIGTSTP);  // returns when we are continued
  for (const auto& child : children) {
    child->signal_group(SIGCONT);
  }
}

}  // namespace troupe::process
