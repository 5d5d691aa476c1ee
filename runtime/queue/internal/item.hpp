// SPDX-License-Identifier: Apache-2.0
#pragma once

// Item: what was put, as its owner keeps it: its encoded bytes stand behind it in the same piece of
// memory. The Ledger's.

#include "troupe/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace troupe::queue {

class Item;

struct ItemEnd {
  void operator()(Item* item) const noexcept;
};
using ItemPtr = std::unique_ptr<Item, ItemEnd>;

// Of an item of a durable queue: to whom it may have been handed out, as far as is written down.
// Part of the store's format.
enum class Handed : std::uint8_t { no = 0, elsewhere = 1, here = 2 };

class Item final {
 public:
  static ItemPtr make(std::span<const std::byte> bytes) {
    void* const memory = ::operator new(sizeof(Item) + bytes.size());
    auto* const item = new (memory) Item;
    item->size_ = bytes.size();
    if (!bytes.empty()) {
      std::memcpy(item->content(), bytes.data(), bytes.size());
    }
    return ItemPtr{item};
  }

  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(this + 1), size_};
  }

  std::uint64_t id = 0;  // given by the Ledger, in the order of acceptance
  std::int32_t priority = 0;
  std::uint32_t attempts = 0;  // that ended without an acknowledgement
  // A consumer died that may have had it in hand: it is handed out alone from then on, so that the
  // next death tells whether it is the cause.
  bool suspect = false;
  bool opened = false;  // a suspect's consumer has begun with it
  // Of a durable queue.
  Handed handed = Handed::no;
  bool has_state = false;  // there is a StateRecord of it
  bool in_order = false;   // its desk's `given_below` tells whether it was handed out
  Instant held_until{};    // while it is in work
  // All that are not finished, by id.
  Item* before = nullptr;
  Item* after = nullptr;

 private:
  friend struct ItemEnd;

  Item() = default;
  ~Item() = default;
  std::byte* content() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

  std::size_t size_ = 0;
};

inline void ItemEnd::operator()(Item* item) const noexcept {
  item->~Item();
  ::operator delete(item);
}

}  // namespace troupe::queue
