// SPDX-License-Identifier: Apache-2.0
#pragma once

// TypeCounts: a count for each class of actors, added to when one of them ends. Thread-safe;
// threads that add share no cache line as a rule.

#include "troupe/runtime/actor/sharded_count.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace troupe::actor {

struct ActorType;

class TypeCounts final {
 public:
  TypeCounts() = default;
  TypeCounts(const TypeCounts&) = delete;
  TypeCounts& operator=(const TypeCounts&) = delete;
  ~TypeCounts();

  void add(const ActorType& type, std::uint64_t more) noexcept;
  // Calls visit(type, count) for each class; type: null for those that there was no room for.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const auto& place : places_) {
      if (const Count* const count = place.load(std::memory_order_acquire); count != nullptr) {
        visit(count->type, count->sum.sum());
      }
    }
    if (const std::uint64_t others = others_.sum(); others > 0) {
      visit(static_cast<const ActorType*>(nullptr), others);
    }
  }

 private:
  static constexpr std::size_t kPlaces = 256;

  struct Count {
    const ActorType* type;
    ShardedCount sum;
  };

  // The place of a class is the first free one from where its address says. Never emptied.
  std::array<std::atomic<Count*>, kPlaces> places_{};
  ShardedCount others_;
};

}  // namespace troupe::actor
