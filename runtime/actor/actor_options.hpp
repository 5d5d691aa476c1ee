// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an actor is spawned with. Every field has a default that suits most.

#include "troupe/base/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe {

// What becomes of a message to a full mailbox.
enum class WhenFull : std::uint8_t {
  wait,         // the sender waits, for MailboxOptions::wait at most
  refuse,       // it stays with the sender: overloaded
  drop_newest,  // it is dropped and counted: overloaded
  drop_oldest,  // the message that has waited longest is dropped and counted
};

struct MailboxOptions {
  static constexpr std::size_t kMostCapacity = (std::size_t{1} << 22) - 1;

  std::size_t capacity = 1024;  // messages
  // Of what messages own beyond their own size, where they can tell: strings, vectors, Buffers.
  std::size_t capacity_bytes = std::size_t{16} << 20;
  WhenFull when_full = WhenFull::wait;
  Duration wait = std::chrono::seconds{5};
};

// Where an actor runs.
enum class Placement : std::uint8_t {
  worker,  // with others, on the runtime's workers
  thread,  // on a thread of its own: for libraries that block or count on their thread
  // In a process of its own: a supervisor's child may be; others are spawned so by spawn_process.
  process,
};

struct ActorOptions {
  std::string name{};  // for people; Runtime::register_name makes it one to find it by
  MailboxOptions mailbox{};
  Placement placement = Placement::worker;
  Duration handler_limit = std::chrono::seconds{1};  // a handler that computes longer is reported
};

}  // namespace troupe
