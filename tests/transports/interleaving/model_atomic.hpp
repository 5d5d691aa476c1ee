// SPDX-License-Identifier: Apache-2.0
#pragma once

// ModelAtomic: std::atomic's operations, as far as the ring and the doorbell use them, over the
// modelled memory. Made while a Layout is.

#include "transports/interleaving/access.hpp"
#include "transports/interleaving/layout.hpp"

#include <atomic>
#include <cstdint>

namespace troupe::interleaving {

template <class T>
class ModelAtomic final {
 public:
  explicit(false) ModelAtomic(T value)  // NOLINT(google-explicit-constructor): as std::atomic's
      : location_(Layout::add(static_cast<std::uint64_t>(value))) {}
  ModelAtomic(const ModelAtomic&) = delete;
  ModelAtomic& operator=(const ModelAtomic&) = delete;

  T load(std::memory_order order) const { return ask(Access::Kind::load, order, 0); }
  void store(T value, std::memory_order order) { ask(Access::Kind::store, order, value); }
  T exchange(T value, std::memory_order order) { return ask(Access::Kind::exchange, order, value); }
  T fetch_add(T value, std::memory_order order) { return ask(Access::Kind::add, order, value); }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order) {
    const T before = ask(Access::Kind::compare_exchange, order, value, expected);
    const bool stored = before == expected;
    expected = before;
    return stored;
  }

 private:
  T ask(Access::Kind kind, std::memory_order order, T operand, T expected = {}) const {
    return static_cast<T>(access({.kind = kind,
                                  .location = location_,
                                  .order = order,
                                  .operand = std::uint64_t{operand},
                                  .expected = std::uint64_t{expected}}));
  }

  const Location location_;
};

}  // namespace troupe::interleaving
