// SPDX-License-Identifier: Apache-2.0
#pragma once

// SleepWord: how one side of a ring tells the other that it sleeps and is to be rung, so that no
// message is left with a sleeper and no bell is rung for one who is awake.
//
// The sleeper says that it sleeps and then looks once more; the other publishes and then looks
// whether the sleeper sleeps. Both do so by read-modify-writes of one word, which have an order: if
// the publisher's comes first, the sleeper sees what was published; else the publisher sees the
// sleeper.
//
// A read-modify-write for each message would cost more than the message. So a sleeper that has been
// busy for long promises (`swift`) to make everybody's stores visible, by a call to the kernel,
// before it looks the last time; while it has promised, the publisher only loads the word.
//
// Template over the atomic, and over the call to the kernel: see RecordRing.

#include <atomic>
#include <cstdint>

namespace troupe::transports {

template <template <class> class Atomic>
class SleepWord final {
 public:
  // `leaving` is a hint to ask the kernel: a copy of the sleeper's end was closed, maybe the last.
  // `leaving_swift`: likewise, and it had promised, which the copy that goes on has to keep.
  enum State : std::uint32_t { awake = 0, swift = 1, asleep = 2, leaving = 3, leaving_swift = 4 };
  enum class Found : std::uint8_t { nobody, sleeper, leaver };

  // ---- of whoever publishes ----

  // After publishing. Sleeper: it is awake from now on, and to be rung. `may_trust`: this process
  // takes part in the call that the promise of a swift one is about.
  Found look_for_sleeper(bool may_trust) noexcept {
    std::uint32_t seen = awake;
    if (may_trust) [[likely]] {
      // The promise is about what the processor does; the compiler must keep the order as well.
      std::atomic_signal_fence(std::memory_order_seq_cst);
      seen = state_.load(std::memory_order_relaxed);
      if (seen == swift) [[likely]] {
        return Found::nobody;
      }
    }
    // Pairs with the exchange in lie_down: publishes what was written before.
    seen = state_.fetch_add(0, std::memory_order_acq_rel);
    if (seen == awake || seen == swift) [[likely]] {
      return Found::nobody;
    }
    const auto found = seen == asleep ? Found::sleeper : Found::leaver;
    return state_.compare_exchange_strong(seen, awake, std::memory_order_acq_rel) ? found
                                                                                  : Found::nobody;
  }

  // ---- of the sleeper ----

  // Before the last look. `make_all_visible` is the call to the kernel.
  template <class Call>
  void lie_down(Call make_all_visible) noexcept {
    // Pairs with the fetch_add in look_for_sleeper.
    if (was_promised(state_.exchange(asleep, std::memory_order_acq_rel))) {
      make_all_visible();
    }
  }
  // There was something after all.
  template <class Call>
  void get_up(Call make_all_visible) noexcept {
    if (was_promised(state_.exchange(awake, std::memory_order_acq_rel))) {
      make_all_visible();
    }
  }
  // Has been busy for long, and can make_all_visible, as can who publishes.
  void promise() noexcept {
    std::uint32_t expected = awake;
    state_.compare_exchange_strong(expected, swift, std::memory_order_acq_rel);
  }
  // This copy of the end goes.
  void leave() noexcept {
    std::uint32_t expected = awake;
    state_.compare_exchange_strong(expected, leaving, std::memory_order_acq_rel);
    expected = swift;
    state_.compare_exchange_strong(expected, leaving_swift, std::memory_order_acq_rel);
  }

 private:
  // Who publishes may have trusted it just now, and its stores be on their way yet.
  static constexpr bool was_promised(std::uint32_t seen) noexcept {
    return seen == swift || seen == leaving_swift;
  }

  alignas(128) Atomic<std::uint32_t> state_{awake};
};

}  // namespace troupe::transports
