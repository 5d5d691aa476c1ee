// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZygoteLink: the starter's end of a zygote. One thread at a time.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/internal/fork_guard.hpp"
#include "troupe/runtime/process/internal/launch.hpp"
#include "troupe/runtime/process/internal/start_request.hpp"
#include "troupe/runtime/process/internal/surroundings.hpp"
#include "troupe/runtime/process/internal/zygote.hpp"
#include "troupe/serialization/encoded.hpp"

#include <functional>
#include <memory>
#include <variant>

namespace troupe::process {

class ZygoteLink final {
 public:
  // Copies this process, which has one thread. Returns twice or more: the link in this process,
  // what it is to become in each later child. Errors: system.
  using Copied = std::variant<std::unique_ptr<ZygoteLink>, Birthright>;
  static Result<Copied> copy_process(const std::function<void()>& preload);

  // Executes a program to be the zygote. It has been heard of only when it serves its first
  // request.
  static Result<std::unique_ptr<ZygoteLink>> execute(const std::string& executable,
                                                     const std::vector<std::string>& arguments);

  ZygoteLink(os::Cloned process, UniqueFd control);
  ZygoteLink(const ZygoteLink&) = delete;
  ZygoteLink& operator=(const ZygoteLink&) = delete;
  ~ZygoteLink();  // ends the zygote; its children live on

  // The zygote is of no use any more, and nothing was started.
  struct Lost {
    Error why;
    bool for_good = false;  // another one would fare no better
  };
  using Answer = std::variant<Result<Started>, Lost>;
  // Starts a child. `request` lacks what this link knows: the changes since the zygote was made,
  // and whose thread its parent is. `status` is the reading end of the child's status pipe.
  Answer start(StartRequest& request, StartFds& fds, const Encoded& arguments, int status);

 private:
  const pid_t pid_;
  const ParentOnlyFd pidfd_;
  ParentOnlyFd control_;
  const Surroundings surroundings_ = Surroundings::now();
  const bool of_main_thread_;
  const std::uint32_t generation_ = fork_generation();
  std::string program_;  // what was executed to be the zygote
  bool has_served_ = false;
};

}  // namespace troupe::process
