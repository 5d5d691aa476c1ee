// SPDX-License-Identifier: Apache-2.0
#pragma once

// TerminationWatch: what a terminal and a process manager tell a program, for a runtime
// (SignalPolicy::stop_on_terminate). SIGINT and SIGTERM become a stop of the runtime; the second
// SIGINT ends the program as without a handler. A program whose Runtime of main a SIGINT has
// stopped, and that then ends with status 0, ends by SIGINT: so the shell sees that it was
// interrupted, and does not go on with its script. SIGTSTP (Ctrl-Z) also stops the children, which
// a terminal does not reach: see job_control.hpp.
//
// A handler that was there before is called too; a signal that was ignored stays so. Several
// runtimes may watch.

#include "troupe/runtime/process/signal_box.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

namespace troupe {

class RuntimeCore;

namespace process {

class TerminationWatch final {
 public:
  // `runtime` must outlive the work that its executor is given here, which ends with this.
  // Throws Error (system).
  explicit TerminationWatch(RuntimeCore& runtime);
  TerminationWatch(const TerminationWatch&) = delete;
  TerminationWatch& operator=(const TerminationWatch&) = delete;
  ~TerminationWatch();

  // The runtime is main's: the program's status is to say that a SIGINT has stopped it.
  void speak_for_the_program();

  // What SIGINT and SIGTERM do from now on, instead of request_stop; empty: that again. What they
  // did before is not being called any more when this returns.
  void on_termination(std::function<void()> call);

 private:
  // Shared with the thread that waits.
  struct State {
    SignalBox box;
    std::atomic<bool> ended{false};
    std::mutex lock;
    std::function<void()> call;  // guarded by lock

    explicit State(std::span<const int> numbers) : box(numbers, SignalBox::Kind::termination) {}
  };

  const std::shared_ptr<State> state_;
  bool speaks_ = false;
};

}  // namespace process
}  // namespace troupe
