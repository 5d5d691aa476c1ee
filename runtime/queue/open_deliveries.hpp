// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenDeliveries: of what a client of a queue was given, what is not finished here, and of that,
// what its owner has given to somebody else. Deliveries are numbered from 1 in the order in which
// they came. One thread at a time.

#include <cstddef>
#include <cstdint>
#include <deque>

namespace troupe::queue {

class OpenDeliveries final {
 public:
  // One more has come; returns its number.
  std::uint64_t add() {
    states_.push_back(State::held);
    return first_ + states_.size() - 1;
  }
  // It is somebody else's. What is finished here is of no matter any more.
  void lose(std::uint64_t number) noexcept {
    if (State* const state = find(number); state != nullptr && *state == State::held) {
      *state = State::lost;
    }
  }
  bool is_lost(std::uint64_t number) const noexcept {
    return number >= first_ && number - first_ < states_.size() &&
           states_[number - first_] == State::lost;
  }
  // It is finished here. False: it was somebody else's by then.
  bool finish(std::uint64_t number) noexcept {
    State* const state = find(number);
    if (state == nullptr) {
      return true;
    }
    const bool was_held = *state != State::lost;
    *state = State::finished;
    while (!states_.empty() && states_.front() == State::finished) {
      states_.pop_front();
      ++first_;
    }
    return was_held;
  }
  // How many numbers are kept: from the first one that is not finished to the last one that came.
  std::size_t kept() const noexcept { return states_.size(); }

 private:
  enum class State : std::uint8_t { held, lost, finished };

  State* find(std::uint64_t number) noexcept {
    return number >= first_ && number - first_ < states_.size() ? &states_[number - first_]
                                                                : nullptr;
  }

  std::deque<State> states_;
  std::uint64_t first_ = 1;  // the number of states_.front()
};

}  // namespace troupe::queue
