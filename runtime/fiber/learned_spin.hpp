// SPDX-License-Identifier: Apache-2.0
#pragma once

// LearnedSpin: whether to poll for some microseconds before sleeping. Being woken on another CPU
// costs ten times what a message does, so polling pays while answers come quickly, and is waste
// otherwise: each success raises the stake, each failure takes two back, and now and then one try
// finds out anew.

#include "troupe/base/clock.hpp"

#include <chrono>

namespace troupe {

class LearnedSpin final {
 public:
  static constexpr Duration kLongest = std::chrono::microseconds{40};

  // Asked before each wait.
  bool worth_it() noexcept { return stake_ > 0 || ++waits_ % kTryEvery == 0; }

  // Calls look() until it returns true, for kLongest at most, of the machine's time, whatever clock
  // a runtime has. Returns what it returned last, and learns from it. look() pauses by itself.
  template <class Look>
  bool poll(const Look& look) {
    const Instant end = Clock::system().now() + kLongest;
    do {
      if (look()) {
        paid();
        return true;
      }
    } while (Clock::system().now() < end);
    missed();
    return false;
  }
  void paid() noexcept { stake_ = stake_ < kMost ? stake_ + 1 : kMost; }
  void missed() noexcept { stake_ = stake_ > 2 ? stake_ - 2 : 0; }

 private:
  static constexpr int kMost = 16;
  static constexpr unsigned kTryEvery = 32;

  int stake_ = 1;
  unsigned waits_ = 0;
};

}  // namespace troupe
