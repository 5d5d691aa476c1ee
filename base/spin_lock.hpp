// SPDX-License-Identifier: Apache-2.0
#pragma once

// SpinLock: guards a few instructions, or rarely one system call that does not block. Half the
// price of a mutex when nobody contends, which is nearly always; who contends for long lets others
// run meanwhile. Works with std::lock_guard. Thread-safe.

#include <atomic>

namespace troupe {

// Tells the CPU that this is a loop that waits.
inline void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class SpinLock final {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() noexcept {
    // Acquire pairs with the release in unlock: publishes what the last holder wrote.
    if (held_.exchange(true, std::memory_order_acquire)) [[unlikely]] {
      lock_contended();
    }
  }
  bool try_lock() noexcept {
    return !held_.load(std::memory_order_relaxed) &&
           !held_.exchange(true, std::memory_order_acquire);
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }

 private:
  void lock_contended() noexcept;

  std::atomic<bool> held_{false};
};

}  // namespace troupe
