// SPDX-License-Identifier: Apache-2.0
#pragma once

// Figures: what one look at an actor from outside finds, without texts; and what is known of the
// whole runtime while looks are taken.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/actor/internal/blocking_calls.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::fiber {
class Scheduler;
class Task;
}  // namespace troupe::fiber

namespace troupe::actor {

class Cell;
struct ActorType;
struct MessageType;

struct Moment {
  Moment(Instant its_now, fiber::Scheduler* scheduler, std::vector<BlockingCalls::Call> calls);
  bool is_running(const fiber::Task& task) const noexcept;
  // "a blocking() call that has taken 12 ms"; empty where the cell's actor is in none.
  std::string text_of_call(const Cell& cell) const;

  Instant now;
  std::vector<const fiber::Task*> running;  // by a worker
  std::vector<BlockingCalls::Call> blocking;
};

enum class Doing : std::uint8_t { idle, queued, running, waiting, ending };
inline constexpr std::size_t kDoings = 5;
std::string_view name_of(Doing doing) noexcept;

struct Figures {
  std::uint64_t number = 0;
  const ActorType* type = nullptr;
  Doing doing = Doing::idle;
  const MessageType* handler = nullptr;
  const Cell* waits_for = nullptr;
  std::size_t mailbox = 0;
  Duration oldest{};
  Duration handling{};
  std::uint64_t handled = 0;
};

}  // namespace troupe::actor
