// SPDX-License-Identifier: Apache-2.0
#pragma once

// Archive: the store of a durable queue, as its owner uses it: what both desks write down in a turn
// is one commit, before anybody hears of it. While the disk takes nothing, all of it waits, and is
// tried again. The owner thread's, once the owner is made.

#include "troupe/base/clock.hpp"
#include "troupe/base/random.hpp"
#include "troupe/runtime/queue/internal/journal.hpp"
#include "troupe/runtime/queue/internal/store.hpp"
#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/serialization/schema.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::queue {

struct Desk;

class Archive final {
 public:
  // Null, where the queue is not durable. `random`: for the number of a new one. Throws Error:
  // those of open_store; refused (it has items of another type).
  static std::unique_ptr<Archive> open(const QueueOptions& options, const Schema& schema,
                                       Random& random);

  Archive(std::unique_ptr<Store> store, std::string path);
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;
  ~Archive() = default;

  // The queue's for ever: the items that its own have emitted elsewhere are known by it.
  std::uint64_t number() const noexcept { return number_; }
  Journal* items() noexcept { return &items_; }
  Journal* dead() noexcept { return &dead_; }
  // Brings the desks what there was.
  void restore(Desk& items, Desk& dead, Instant now);

  // Writes what has changed since the last time, unless it is too early to try again.
  void commit(Desk& items, Desk& dead, Instant now);
  // Something has changed since, and it was not the last commit that failed.
  bool wants_commit() const noexcept { return failure_.empty() && store_->has_changes(); }
  // Why it could not: nothing that has happened since may be told. Empty: it is written.
  const std::string& failure() const noexcept { return failure_; }
  // When it is to be tried again; max: nothing has failed.
  Instant retry_at() const noexcept { return retry_at_; }

 private:
  Result<void> read(const Schema& schema, Random& random);
  Result<void> check(std::string_view record, const Schema& schema);
  void write_record(const Schema& schema);

  const std::unique_ptr<Store> store_;
  const std::string path_;
  Journal items_;
  Journal dead_;
  std::uint64_t number_ = 0;
  bool same_boot_ = true;
  Restored restored_items_;
  Restored restored_dead_;
  std::string failure_;
  Instant retry_at_ = Instant::max();
  Duration pause_{};
};

}  // namespace troupe::queue
