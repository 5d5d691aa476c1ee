// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/type_counts.hpp"

#include <memory>
#include <new>

namespace troupe::actor {

TypeCounts::~TypeCounts() {
  for (auto& place : places_) {
    delete place.load(std::memory_order_relaxed);
  }
}

void TypeCounts::add(const ActorType& type, std::uint64_t more) noexcept {
  const auto first = (reinterpret_cast<std::uintptr_t>(&type) >> 3U) * 0x9E3779B97F4A7C15U >> 48U;
  std::unique_ptr<Count> made;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    std::atomic<Count*>& place = places_[(first + i) % kPlaces];
    Count* count = place.load(std::memory_order_acquire);  // pairs with the exchange below
    if (count == nullptr) {
      if (made == nullptr) {
        made.reset(new (std::nothrow) Count{&type, {}});
      }
      if (made == nullptr) {
        break;
      }
      if (place.compare_exchange_strong(count, made.get())) {
        count = made.release();
      }
    }
    if (count->type == &type) {
      count->sum.add(more);
      return;
    }
  }
  others_.add(more);
}

}  // namespace troupe::actor
