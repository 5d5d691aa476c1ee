// SPDX-License-Identifier: Apache-2.0
#pragma once

// Family: what Process needs of its Runtime: how children are started, which are there, and how
// they are all ended. One per Runtime; thread-safe, but for construction and destruction.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/process/function_id.hpp"
#include "troupe/runtime/process/internal/child.hpp"
#include "troupe/runtime/process/internal/program_starter.hpp"
#include "troupe/runtime/process/process_options.hpp"
#include "troupe/runtime/process/stop_report.hpp"
#include "troupe/serialization/encoded.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

class Runtime;
class RuntimeCore;

namespace process {

class ProcessHost;

struct FamilyOptions {
  StartMethod start = StartMethod::automatic;
  std::string executable;
};

class Family final : public std::enable_shared_from_this<Family> {
 public:
  // `owner` is `runtime` as what it is.
  static std::shared_ptr<Family> create(RuntimeCore& runtime, Runtime* owner,
                                        const std::shared_ptr<ProcessHost>& host,
                                        FamilyOptions options);
  Family(RuntimeCore& runtime, Runtime* owner, std::shared_ptr<ProcessHost> host,
         FamilyOptions options);
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  ~Family() = default;

  Runtime* owner() const noexcept { return owner_; }

  // Starts `function` with `arguments` in a process. Blocks until that is set up. Errors:
  // Process's.
  Result<std::shared_ptr<Child>> start(ProcessOptions options, AnyFunction function,
                                       const Encoded& arguments);

  // Starts a program that is not ours, which ends with this process unless it is detached. `facts`
  // lacks the pid. Errors: refused, closed, cancelled, os::start_program's.
  Result<std::shared_ptr<Child>> start_program(const os::Program& program, ChildFacts facts);

  // As Process has them.
  Result<Exit> join(Child& child, Deadline until);
  Result<void> signal(Child& child, int number) const;
  std::optional<Exit> exit(Child& child) const;

  // Nobody holds `child` any more: ends it, unless it is detached, and forgets it. Blocks for its
  // grace at most, and a little.
  void let_go(const std::shared_ptr<Child>& child);

  // Ends all children but the detached: each is told, has its grace, at most until the deadline,
  // and is killed. The report names those that did not end by themselves.
  StopReport stop(Deadline until);

  // The runtime ends, no other call being under way; those that follow wait for nothing.
  void close();

  // The children that live.
  std::vector<std::shared_ptr<Child>> living();
  // Those that somebody holds.
  std::vector<std::shared_ptr<Child>> held();

  // Whether this is a fork's copy of the family, with which nothing can be done.
  bool is_copy() const;

 private:
  Result<RuntimeCore*> usable() const;

  std::atomic<RuntimeCore*> runtime_;  // null once closed
  Runtime* const owner_;
  const std::shared_ptr<ProcessHost> host_;
  const FamilyOptions options_;
  const std::uint32_t generation_;
  ProgramStarter starter_;

  std::mutex mutex_;
  std::vector<std::shared_ptr<Child>> children_;  // guarded by mutex_; those that somebody holds
};

}  // namespace process
}  // namespace troupe
