// SPDX-License-Identifier: Apache-2.0
#pragma once

// OneThread: in debug builds, checks that one thread at a time is in one half of a channel. Stands
// in each call of that half.

#include "troupe/base/check.hpp"

#include <atomic>

namespace troupe {

class OneThread final {
 public:
#ifndef NDEBUG
  explicit OneThread(std::atomic<bool>& inside) : inside_(inside) {
    TROUPE_CHECK(!inside_.exchange(true) && "one thread at a time may send, and one receive");
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() {
    inside_.store(false);
  }

 private:
  std::atomic<bool>& inside_;
#else
  explicit OneThread(std::atomic<bool>& /*inside*/) {}
#endif
};

}  // namespace troupe
