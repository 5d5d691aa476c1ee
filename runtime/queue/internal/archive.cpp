// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/archive.hpp"

#include "troupe/base/os/host.hpp"
#include "troupe/runtime/queue/internal/session.hpp"
#include "troupe/serialization/codec.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string_view>
#include <utility>

namespace troupe::queue {
namespace {

// The first key: whose store this is. The desks' keys begin with other letters.
constexpr std::string_view kRecordKey = "Q";
constexpr char kItems = 'i';
constexpr char kDead = 'd';

constexpr std::string_view kStoreMagic = "troupe-queue-store";
constexpr std::uint32_t kStoreVersion = 1;

constexpr Duration kFirstPause = std::chrono::milliseconds{50};
constexpr Duration kLastPause = std::chrono::seconds{2};

struct StoreRecord {
  std::string magic;
  std::uint32_t version = 0;
  std::uint64_t number = 0;  // of the queue
  std::string boot;          // in which the times were written
  Schema schema;             // of the items
};

}  // namespace

std::unique_ptr<Archive> Archive::open(const QueueOptions& options, const Schema& schema,
                                       Random& random) {
  if (options.durable.empty()) {
    return nullptr;
  }
  auto store = open_store(options.durable, options.sync).value();
  auto archive = std::make_unique<Archive>(std::move(store), options.durable.string());
  archive->read(schema, random).value();
  return archive;
}

Archive::Archive(std::unique_ptr<Store> store, std::string path)
    : store_(std::move(store)),
      path_(std::move(path)),
      items_(*store_, kItems),
      dead_(*store_, kDead) {}

// Errors: refused, malformed.
Result<void> Archive::check(std::string_view record, const Schema& schema) {
  const Incoming incoming{.bytes = std::as_bytes(std::span{record})};
  const DecodeLimits limits{.members = Members::prefix};
  Reader reader{incoming, limits};
  const auto its = reader.value<StoreRecord>();
  if (!its || its->magic != kStoreMagic) {
    return Error{Code::refused, "it is not that of a durable queue: choose another path"};
  }
  if (its->version != kStoreVersion) {
    return Error{Code::refused, "it is of version " + std::to_string(its->version) +
                                    ", and this program reads version " +
                                    std::to_string(kStoreVersion) + ": take one that is as new"};
  }
  if (!its->schema.name.empty() && !schema.name.empty()) {
    if (auto fits = compatible(schema, its->schema); !fits) {
      return fits;
    }
  }
  number_ = its->number;
  same_boot_ = its->boot == os::boot_id();
  return {};
}

void Archive::write_record(const Schema& schema) {
  Encoded record;
  Writer writer{record};
  writer.value(
      StoreRecord{std::string{kStoreMagic}, kStoreVersion, number_, os::boot_id(), schema});
  const Bytes whole = record.joined();
  store_->put(kRecordKey, {reinterpret_cast<const char*>(whole.data()), whole.size()});
}

Result<void> Archive::read(const Schema& schema, Random& random) {
  auto all = store_->read([&](std::string_view key, std::string_view value) -> Result<void> {
    if (key == kRecordKey) {
      return check(value, schema);
    }
    if (number_ == 0) {  // the record would stand before this
      return Error{Code::refused, "it is not that of a durable queue: choose another path"};
    }
    if (items_.owns(key)) {
      return items_.read(key, value, restored_items_);
    }
    return dead_.owns(key) ? dead_.read(key, value, restored_dead_)
                           : Error{Code::malformed, "it has a record of an unknown kind"};
  });
  if (!all) {
    return all.error().within("open the store of a durable queue at " + path_);
  }
  if (number_ == 0) {
    number_ = random.next() | 1U;
  }
  write_record(schema);
  return {};
}

void Archive::restore(Desk& items, Desk& dead, Instant now) {
  items.failure = restored_items_.desk.failure;
  items.ledger.restore(std::exchange(restored_items_, {}), same_boot_, now);
  if (!items.ledger.closed()) {
    items.failure.clear();
  }
  restored_dead_.desk.closed = false;  // its end is that of the other
  dead.ledger.restore(std::exchange(restored_dead_, {}), same_boot_, now);
}

void Archive::commit(Desk& items, Desk& dead, Instant now) {
  items.ledger.write_desk(items.failure);
  dead.ledger.write_desk({});
  if (!store_->has_changes() || (!failure_.empty() && now < retry_at_)) {
    return;
  }
  const auto written = store_->commit();
  if (written) {
    failure_.clear();
    retry_at_ = Instant::max();
    return;
  }
  pause_ = failure_.empty() ? kFirstPause : std::min(2 * pause_, kLastPause);
  failure_ = written.error().what();
  retry_at_ = now + pause_;
}

}  // namespace troupe::queue
