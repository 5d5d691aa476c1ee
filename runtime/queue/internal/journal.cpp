// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/journal.hpp"

#include "troupe/serialization/codec.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <span>

namespace troupe::queue {
namespace {

// What stands behind the desk in a key. Part of the format.
constexpr char kCause = 'c';  // queue, item: nothing
constexpr char kDesk = 'd';   // DeskRecord
constexpr char kItem = 'i';   // id: priority, and the item as it was put
constexpr char kState = 's';  // id: StateRecord

constexpr std::size_t kNumber = sizeof(std::uint64_t);

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t number_in(std::string_view key, std::size_t at) {
  std::uint64_t number = 0;
  for (const char each : key.substr(at, kNumber)) {
    number = number << 8U | static_cast<unsigned char>(each);
  }
  return number;
}

Error damaged(std::string_view what) {
  return Error{Code::malformed, "a record of " + std::string{what} + " does not read"};
}

}  // namespace

// In the order of its numbers.
class Journal::Key final {
 public:
  Key(char desk, char kind) noexcept : bytes_{desk, kind} {}
  Key(char desk, char kind, std::uint64_t number) noexcept : Key(desk, kind) { append(number); }
  Key(char desk, char kind, std::uint64_t first, std::uint64_t second) noexcept
      : Key(desk, kind, first) {
    append(second);
  }

  std::string_view text() const noexcept { return {bytes_.data(), size_}; }

 private:
  void append(std::uint64_t number) noexcept {
    for (std::size_t i = 0; i < kNumber; ++i) {
      bytes_.at(size_++) = static_cast<char>(number >> (8 * (kNumber - 1 - i)));
    }
  }

  std::array<char, 2 + 2 * kNumber> bytes_{};
  std::size_t size_ = 2;
};

void Journal::put(const Key& key) {
  store_.put(key.text(), text(scratch_.head.bytes()));
}

void Journal::accepted(const Item& item) {
  scratch_.clear();
  Writer writer{scratch_};
  writer.integer(item.priority);
  writer.encoded(item.bytes());
  put({desk_, kItem, item.id});
}

void Journal::changed(Item& item, Instant due, Duration delay) {
  item.has_state = true;
  scratch_.clear();
  Writer writer{scratch_};
  writer.value(StateRecord{item.attempts, item.suspect, static_cast<std::uint8_t>(item.handed),
                           due.time_since_epoch().count(), delay.count()});
  put({desk_, kState, item.id});
}

void Journal::finished(const Item& item) {
  store_.erase(Key{desk_, kItem, item.id}.text());
  if (item.has_state) {
    store_.erase(Key{desk_, kState, item.id}.text());
  }
}

void Journal::emitted(std::uint64_t queue, std::uint64_t item) {
  scratch_.clear();
  put({desk_, kCause, queue, item});
}

void Journal::settled(std::uint64_t queue, std::uint64_t item) {
  store_.erase(Key{desk_, kCause, queue, item}.text());
}

void Journal::wrote(const DeskRecord& desk) {
  scratch_.clear();
  Writer writer{scratch_};
  writer.value(desk);
  const Bytes whole = scratch_.joined();
  store_.put(Key{desk_, kDesk}.text(), text(whole));
}

Result<void> Journal::read(std::string_view key, std::string_view value, Restored& into) const {
  const Incoming incoming{.bytes = std::as_bytes(std::span{value})};
  const DecodeLimits limits{.members = Members::prefix};
  Reader reader{incoming, limits};
  const char kind = key.size() > 1 ? key[1] : '\0';
  if (kind == kDesk) {
    auto desk = reader.value<DeskRecord>();
    if (!desk) {
      return damaged("the queue");
    }
    into.desk = *std::move(desk);
    return {};
  }
  if (kind == kCause && key.size() == 2 + 2 * kNumber) {
    into.causes.emplace_back(number_in(key, 2), number_in(key, 2 + kNumber));
    return {};
  }
  if (key.size() != 2 + kNumber || (kind != kItem && kind != kState)) {
    return damaged("an unknown kind");
  }
  const std::uint64_t id = number_in(key, 2);
  if (kind == kItem) {
    const auto priority = reader.value<std::int32_t>();
    if (!priority) {
      return damaged("an item");
    }
    const std::byte* const begin = reader.place();
    ItemPtr item = Item::make({begin, incoming.bytes.data() + incoming.bytes.size()});
    item->id = id;
    item->priority = *priority;
    into.items.push_back(std::move(item));
    return {};
  }
  const auto state = reader.value<StateRecord>();
  if (!state) {
    return damaged("an item's state");
  }
  into.states.emplace_back(id, *state);
  return {};
}

}  // namespace troupe::queue
