// SPDX-License-Identifier: Apache-2.0
#pragma once

// Listener: where others connect to: Python's Listener. A client that is slow to prove the key, or
// silent, delays nobody: handshakes go on side by side, each with its own deadline, while accept
// waits.

#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/fiber/ports.hpp"

#include <memory>
#include <vector>

namespace troupe {

class Listener final {
 public:
  // Listens at `address`; an empty one, or "unix:", is a socket in this user's private directory.
  // Errors: exists (the address is in use), refused (permission; other hosts without
  // ?plaintext=accepted), invalid_argument, not_found (the directory), system.
  static Result<Listener> create(RuntimeCore& runtime, const Address& address = {},
                                 const ConnectOptions& options = {});
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();  // as close()

  // The next client that has proven the key. A client that fails is told and dropped; the log has
  // why. Errors: closed, timed_out, cancelled, overloaded (no descriptors are left), system. One
  // thread.
  Result<Connection> accept(Deadline until = forever);

  // Where it listens, with the port or path that was chosen.
  Address address() const;
  int ready_fd() const noexcept;

  // Frees the address. Connections made here go on.
  void close();

  // For what waits for several things: adds what accept would wait for, which is more than ready_fd
  // while clients prove the key, and when it would look again. False: accept would not wait.
  bool waits_on(std::vector<PollItem>& items, Deadline& wake);

 private:
  struct State;

  explicit Listener(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;  // null: closed
};

}  // namespace troupe
