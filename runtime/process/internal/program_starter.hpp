// SPDX-License-Identifier: Apache-2.0
#pragma once

// ProgramStarter: starts programs that are not ours so that the kernel kills them when this process
// ends, however it ends. The kernel does so when the *thread* that started one ends, and a program
// that is not ours holds no lifeline (docs/decisions/0005): so what a passing thread asks for is
// started by a thread that stays until the Runtime ends. The main thread, which stays too, starts
// by itself. Thread-safe, but for close().

#include "troupe/base/os/program.hpp"
#include "troupe/base/result.hpp"

#include <memory>
#include <mutex>

namespace troupe {
class RuntimeCore;
}

namespace troupe::process {

class ProgramStarter final {
 public:
  ProgramStarter() = default;
  ProgramStarter(const ProgramStarter&) = delete;
  ProgramStarter& operator=(const ProgramStarter&) = delete;
  ~ProgramStarter() = default;

  // Blocks the caller, or suspends its fiber, until the program runs; a stop does not cut that
  // short. Errors: os::start_program's, overloaded, refused (there can be no thread).
  Result<os::Cloned> start(RuntimeCore& runtime, const os::Program& program);

  // Has the thread end. What it has started, and still runs, is killed then.
  void close();

 private:
  struct Order;
  struct Desk;

  static void work(Desk& desk);
  Desk& desk(RuntimeCore& runtime);

  std::once_flag once_;
  std::shared_ptr<Desk> desk_;  // made by the first order, shared with the thread
};

}  // namespace troupe::process
