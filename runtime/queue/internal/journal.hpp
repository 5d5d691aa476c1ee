// SPDX-License-Identifier: Apache-2.0
#pragma once

// Journal: what the ledger of a durable queue writes down of its items, and how it is read again
// after a restart. Each change becomes part of the next commit of its store. One thread's.
//
// The format is docs/decisions/0012's; its version stands in the Archive's record.

#include "troupe/base/result.hpp"
#include "troupe/runtime/queue/internal/item.hpp"
#include "troupe/runtime/queue/internal/store.hpp"
#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/serialization/encoded.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::queue {

// What is known of the desk besides its items.
struct DeskRecord {
  std::uint64_t last_id = 0;
  // Items of priority 0 that were never delayed are handed out in the order of their ids: those
  // below may have been.
  std::uint64_t given_below = 0;
  bool given_here = false;  // some of them to consumers in the owner's process
  bool closed = false;
  std::string failure;
  QueueStats counts;
};

// What has become of an item since it was put; none: nothing.
struct StateRecord {
  std::uint32_t attempts = 0;
  bool suspect = false;
  std::uint8_t handed = 0;  // Handed
  std::int64_t due = 0;     // ns, of Clock, in the boot that it was written in
  std::int64_t delay = 0;   // ns; 0: it is not delayed
};

// What a journal had, in the order of the ids.
struct Restored {
  DeskRecord desk;
  std::vector<ItemPtr> items;
  std::vector<std::pair<std::uint64_t, StateRecord>> states;    // of some of them
  std::vector<std::pair<std::uint64_t, std::uint64_t>> causes;  // queue, item
};

class Journal final {
 public:
  // `desk`: the first byte of its keys.
  Journal(Store& store, char desk) noexcept : store_(store), desk_(desk) {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() = default;

  void accepted(const Item& item);
  // What is known of it; `due`: when it is ready, where it was delayed by `delay`.
  void changed(Item& item, Instant due = {}, Duration delay = {});
  void finished(const Item& item);
  void emitted(std::uint64_t queue, std::uint64_t item);
  void settled(std::uint64_t queue, std::uint64_t item);
  void wrote(const DeskRecord& desk);

  // One key that is this desk's, as the store brings it. Errors: malformed.
  bool owns(std::string_view key) const noexcept { return !key.empty() && key.front() == desk_; }
  Result<void> read(std::string_view key, std::string_view value, Restored& into) const;

 private:
  class Key;

  void put(const Key& key);

  Store& store_;
  const char desk_;
  Encoded scratch_;
};

}  // namespace troupe::queue
