// SPDX-License-Identifier: Apache-2.0
#pragma once

// Items for a ledger that hold a text.

#include "troupe/runtime/queue/internal/item.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::queue {

inline ItemPtr item(std::string_view text, std::int32_t priority = 0) {
  ItemPtr made = Item::make(std::as_bytes(std::span{text}));
  made->priority = priority;
  return made;
}

inline std::string text_of(const Item& item) {
  return {reinterpret_cast<const char*>(item.bytes().data()), item.bytes().size()};
}

}  // namespace troupe::queue
