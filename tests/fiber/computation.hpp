// SPDX-License-Identifier: Apache-2.0
#pragma once

// Computation: what a test runs on a pooled stack, a step at a time.

#include "troupe/runtime/fiber/internal/switch.hpp"

#include <functional>
#include <utility>

namespace troupe::fiber {

// One thread at a time. What is suspended at its end is forgotten.
class Computation final {
 public:
  using Body = std::function<void(Computation&)>;

  Computation(StackPool& pool, Body body)
      : pool_(pool), stack_(&pool.take()), body_(std::move(body)) {}
  Computation(const Computation&) = delete;
  Computation& operator=(const Computation&) = delete;
  ~Computation() { pool_.give_back(*stack_); }

  // Runs the body from its beginning, or from where it paused, until it pauses or ends.
  void step(ThreadStack& thread) {
    caller_ = &thread.stack();
    if (std::exchange(begun_, true)) {
      switch_to(*caller_, *stack_);
    } else {
      start(*caller_, *stack_, enter, this);
    }
  }
  // The body is to begin again.
  void restart() noexcept { begun_ = false; }

  // For the body.
  void pause() { switch_to(*stack_, *caller_); }

  Stack& stack() noexcept { return *stack_; }
  bool ended() const noexcept { return ended_; }

 private:
  static void enter(void* self) noexcept {
    auto& computation = *static_cast<Computation*>(self);
    computation.body_(computation);
    computation.ended_ = true;
    computation.pause();
  }

  StackPool& pool_;
  Stack* stack_;
  Stack* caller_ = nullptr;
  Body body_;
  bool begun_ = false;
  bool ended_ = false;
};

inline constexpr std::size_t kSize = std::size_t{64} << 10U;

}  // namespace troupe::fiber
