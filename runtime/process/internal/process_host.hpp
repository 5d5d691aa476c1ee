// SPDX-License-Identifier: Apache-2.0
#pragma once

// ProcessHost: what one OS process has for starting others, whatever the number of its Runtimes:
// the zygote, and who it is itself in the family. Made by the first Runtime, ended with the last.
// Thread-safe.

#include "troupe/base/log.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/process/internal/newborn.hpp"
#include "troupe/runtime/process/internal/status_pipe.hpp"
#include "troupe/runtime/process/internal/zygote_link.hpp"
#include "troupe/runtime/process/process_options.hpp"
#include "troupe/serialization/encoded.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::process {

// What is to be started.
struct StartOrder {
  ProcessOptions options;  // start is not automatic, name not empty
  std::string path;
  FunctionId function;
  const Encoded* arguments = nullptr;
  std::string executable;  // for exec; empty: this program
  LogLevel log_level = LogLevel::info;
};

struct StartedProcess {
  Started started;
  UniqueFd status;
};

class Child;
class Family;

class ProcessHost final {
 public:
  // Who this process is. In a child, what its starter said.
  struct Identity {
    std::string name;
    std::string path;  // "2:1"; empty in a program's first process
    pid_t starter = 0;
  };

  // What Runtime(argc, argv) begins with. In a program that is to be a zygote, and in a zygote that
  // is copied from it, this does not return; in a child it returns with the newborn.
  struct Entry {
    std::shared_ptr<ProcessHost> host;
    std::unique_ptr<Newborn> newborn;
  };
  static Entry enter(const std::vector<std::string>& arguments,
                     const std::function<void()>& preload);
  // What an embedded Runtime begins with.
  static std::shared_ptr<ProcessHost> join();
  // Null when there is no Runtime in this process.
  static std::shared_ptr<ProcessHost> current();

  ProcessHost(Identity identity, std::vector<std::string> arguments,
              std::unique_ptr<ZygoteLink> zygote);
  ProcessHost(const ProcessHost&) = delete;
  ProcessHost& operator=(const ProcessHost&) = delete;
  ~ProcessHost() = default;

  // Blocks until the child is set up (0.1 ms from a zygote, the time that the program takes to come
  // to its Runtime otherwise; 10 s at most). Errors: refused, failed, overloaded, system.
  Result<StartedProcess> start(const StartOrder& order);

  const Identity& identity() const noexcept { return identity_; }
  // "Process-3" and its identity "3"; each once.
  struct ChildName {
    std::string name;
    std::string path;
  };
  ChildName next_name();
  // Whether a zygote can be had: main has made a Runtime.
  bool has_zygotes();

  // All families of this process.
  void add(const std::shared_ptr<Family>& family);
  std::vector<std::shared_ptr<Child>> living();
  std::vector<pid_t> children();

 private:
  Result<StartedProcess> start_from_zygote(StartRequest& request, const StartOrder& order);
  Result<StartedProcess> start_by_exec(StartRequest& request, const StartOrder& order);
  void set_arguments(const std::vector<std::string>& arguments);
  std::vector<std::string> arguments();

  const Identity identity_;
  std::atomic<unsigned> names_ = 0;

  // Guarded by zygote_mutex_, which is held while a zygote starts a child.
  std::mutex zygote_mutex_;
  std::unique_ptr<ZygoteLink> zygote_;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::vector<std::string> arguments_;  // of main; empty as long as all Runtimes are embedded
  std::vector<std::weak_ptr<Family>> families_;
};

}  // namespace troupe::process
