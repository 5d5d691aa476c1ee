// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a supervisor is told of itself and of its children, and what it says of them. Values.

#include "troupe/runtime/actor/actor_options.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe {

// Who is stopped and started again when a child is.
enum class Strategy : std::uint8_t {
  one_for_one,   // it alone
  one_for_all,   // all children
  rest_for_one,  // it, and those that were added after it
};

// When a child is started again.
enum class Restart : std::uint8_t {
  permanent,  // whenever it ends
  transient,  // when it fails
  temporary,  // never; nor after it was stopped because of another
};

struct SupervisorOptions {
  std::string name{};  // for logs and reports
  Strategy strategy = Strategy::one_for_one;
  // So many restarts within so long are borne. At one more the supervisor gives up: it stops its
  // children and ends as failed. One for all counts once.
  int restarts = 3;
  Duration within = std::chrono::seconds{10};
  // A child is started again after backoff_first, and each time after twice as long, but no longer
  // than backoff_most; after backoff_first again once it has run for `within`.
  Duration backoff_first = std::chrono::milliseconds{50};
  Duration backoff_most = std::chrono::seconds{5};
  // How long its destructor, or the supervisor above it, waits for it to stop its children.
  Duration grace = std::chrono::seconds{10};
};

struct ChildOptions {
  Restart restart = Restart::permanent;
  Placement placement = Placement::worker;
  // How long it may take to end when it is stopped. A process is killed then. An actor of this
  // process cannot be: one that takes longer is left alone, logged, and named in the StopReport;
  // where it is to be started again, its successor starts beside it.
  Duration grace = std::chrono::seconds{5};
  MailboxOptions mailbox{};
};

struct ChildState {
  std::string name;
  bool running = false;
  int restarts = 0;            // of the child itself, whatever the reason
  std::optional<Exit> last{};  // how it ended the last time
};

}  // namespace troupe
