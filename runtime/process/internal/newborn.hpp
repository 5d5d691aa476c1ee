// SPDX-License-Identifier: Apache-2.0
#pragma once

// Newborn: what happens in a new process between its first instruction and its body, whether it was
// copied from the zygote or is a program that was just executed; and how it ends. The process has
// one thread, and main's stack below, which is never returned to.

#include "troupe/base/buffer.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/exit.hpp"
#include "troupe/runtime/process/internal/packet_socket.hpp"
#include "troupe/runtime/process/internal/start_request.hpp"

#include <sys/types.h>

#include <memory>

namespace troupe {
class Runtime;
class RuntimeCore;
}  // namespace troupe

namespace troupe::process {

// What a child knows of itself, and how it says how it ends. Exactly one per child.
class Newborn final {
 public:
  // Puts in place what `packet` asks for, then tells the starter. When that cannot be done the
  // starter is told why, and the process ends here. `control` is closed.
  static std::unique_ptr<Newborn> settle(UniqueFd control, Packet packet);

  const StartRequest& request() const noexcept { return received_.request; }

  // Runs the body in `runtime`, which is `core`, and says how it ended. What it throws is caught
  // here.
  Exit run_body(Runtime& runtime, const RuntimeCore& core);

  // Ends the process as std::exit does, with a record of why. `who` need not be set.
  [[noreturn]] void end(const Exit& exit);

 private:
  explicit Newborn(ReceivedRequest received);
  // At any exit(n): the record, unless end() has written one.
  static void at_exit(int code, void* newborn) noexcept;

  ReceivedRequest received_;
  const pid_t pid_;
  bool told_ = false;
};

}  // namespace troupe::process
