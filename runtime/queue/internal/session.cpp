// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/session.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

using transports::Progress;

// Frames of one client that are handled before others have their turn.
constexpr int kShare = 256;
// What a client may delay an item by, or extend its lease; more is this.
constexpr Duration kLongest = std::chrono::hours{24 * 365 * 10};

Error more_than_granted() {
  return Error{Code::malformed, "it put more than it was granted"};
}

Duration bounded(std::int64_t nanoseconds) {
  return std::clamp(Duration{nanoseconds}, Duration::zero(), kLongest);
}

}  // namespace

Session::Session(Connection connection, Desk& desk, std::uint64_t client, UniqueFd process,
                 bool here)
    : connection_(std::move(connection)),
      transport_(&connection_.transport()),
      desk_(desk),
      direct_(transport_->capabilities().direct),
      here_(here),
      client_(client),
      process_(std::move(process)) {}

Session::~Session() {
  transport_->close();  // at once: a client that does not read keeps nobody
}

bool Session::receive(Instant now) {
  int frames = 0;
  while (!over_ && !away_ && frames < kShare) {
    transports::IncomingFrame frame;
    const auto received = transport_->try_receive(frame);
    if (!received && client_ != 0) {
      leave(now);
      return true;
    }
    if (!received) {
      const bool is_whole = received.error() == Code::closed;  // it ended between two frames
      end(is_whole ? "" : received.error().what(), now, false);
      return true;
    }
    if (*received == Progress::would_block) {
      break;
    }
    ++frames;
    if (const auto read_it = read(frame, now); !read_it) {
      end(std::string{"what it said is of no use: "} + read_it.error().what(), now, false);
    }
  }
  hot = frames > 0;
  return frames > 0;
}

void Session::end(std::string fault, Instant now, bool in_order) {
  if (over_) {
    return;
  }
  over_ = true;
  fault_ = std::move(fault);
  give_room_back(granted_items_, granted_bytes_);
  std::erase(desk_.hungry, this);
  std::erase(desk_.wanting, this);
  std::erase_if(desk_.asking, [this](const auto& each) { return each.first == this; });
  std::erase_if(desk_.joining, [this](const auto& each) { return each.first == this; });
  if (in_order) {
    desk_.ledger.left(holder_, now);
  } else {
    desk_.ledger.died(holder_, now);
  }
}

Result<void> Session::read(const transports::IncomingFrame& frame, Instant now) {
  Bytes joined;
  Incoming incoming{.bytes = frame.body};
  if (!frame.detached.empty()) {
    joined = frame.joined();
    incoming.bytes = joined;
  }
  const DecodeLimits limits;
  Reader reader{incoming, limits};
  const auto kind = read_kind(reader);
  if (!kind) {
    return kind.error();
  }
  if (*kind != Frame::heard) {
    ++heard_;
    heard_bytes_ += incoming.bytes.size();
  }
  switch (*kind) {
    case Frame::put:
    case Frame::put_with:
      return read_put(*kind, reader, incoming, now);
    case Frame::emit:
      return read_emit(reader, now);
    case Frame::want:
    case Frame::unwanted:
    case Frame::take:
    case Frame::untake:
      return read_wish(*kind, reader, now);
    case Frame::ask:
      return read_question(reader);
    case Frame::bye:
      end("", now, true);
      return {};
    case Frame::heard:
      return read_heard(reader);
    case Frame::peek:
      return read_peek(reader);
    default:
      return read_delivery(*kind, reader, now);
  }
}

Result<void> Session::use_room(std::size_t items, std::size_t bytes) {
  if (items > granted_items_ || bytes > granted_bytes_) {
    return more_than_granted();
  }
  give_room_back(items, bytes);
  return {};
}

void Session::give_room_back(std::size_t items, std::size_t bytes) noexcept {
  granted_items_ -= items;
  granted_bytes_ -= bytes;
  desk_.promised -= items;
  desk_.promised_bytes -= bytes;
}

Result<void> Session::read_put(Frame kind, Reader& reader, const Incoming& incoming, Instant now) {
  std::int32_t priority = 0;
  Duration delay{};
  if (kind == Frame::put_with) {
    const auto its = reader.value<std::int32_t>();
    const auto ns = reader.value<std::int64_t>();
    if (!its || !ns) {
      return reader.error();
    }
    priority = *its;
    delay = bounded(*ns);
  }
  const std::byte* const begin = reader.place();
  const std::span item{begin, incoming.bytes.data() + incoming.bytes.size()};
  if (!reader.skip_value() || !reader.at_end()) {
    return Error{Code::malformed, "an item is one msgpack value"};
  }
  if (auto used = use_room(1, item.size()); !used) {
    return used;
  }
  ItemPtr own = Item::make(item);
  own->priority = priority;
  (void)desk_.ledger.put(std::move(own), delay, now);
  ++puts_;
  return {};
}

namespace {

// The items that the rest of a frame is.
Result<std::vector<ItemPtr>> read_items(Reader& reader) {
  const auto count = reader.value<std::uint32_t>();
  if (!count) {
    return count.error();
  }
  std::vector<ItemPtr> items;
  for (std::uint32_t i = 0; i < *count; ++i) {
    std::span<const std::byte> item;
    if (!reader.take_encoded(item)) {
      return reader.error();
    }
    items.push_back(Item::make(item));
  }
  return items;
}

std::size_t bytes_of(const std::vector<ItemPtr>& items) {
  std::size_t bytes = 0;
  for (const ItemPtr& item : items) {
    bytes += item->bytes().size();
  }
  return bytes;
}

}  // namespace

Result<void> Session::read_emit(Reader& reader, Instant now) {
  const auto queue = reader.value<std::uint64_t>();
  const auto item = reader.value<std::uint64_t>();
  const auto settled = reader.value<std::uint64_t>();
  if (!queue || !item || !settled) {
    return reader.error();
  }
  auto items = read_items(reader);
  if (!items) {
    return items.error();
  }
  if (auto used = use_room(items->size(), bytes_of(*items)); !used) {
    return used;
  }
  desk_.ledger.emit({*queue, *item, *settled}, *std::move(items), now);
  ++puts_;
  return {};
}

Result<void> Session::read_wish(Frame kind, Reader& reader, Instant now) {
  if (kind == Frame::untake) {
    ++untakes_;
    credit_since_untake_ = 0;
    return {};
  }
  if (kind == Frame::want) {
    const auto wish = reader.value<Wish>();
    if (!wish) {
      return wish.error();
    }
    wish_ = *wish;
    wanting_since_ = now;
    if (wish_.items > 0 && !std::exchange(wanting_listed_, true)) {
      desk_.wanting.push_back(this);
    }
    return {};
  }
  const auto items = reader.value<std::uint32_t>();
  if (!items) {
    return items.error();
  }
  if (kind == Frame::take) {
    credit_ += *items;
    credit_since_untake_ += *items;
    starving_since_ = now;
    if (!std::exchange(hungry_listed_, true)) {
      desk_.hungry.push_back(this);
    }
    return {};
  }
  const auto bytes = reader.value<std::uint64_t>();
  if (!bytes) {
    return bytes.error();
  }
  recalled_ = false;
  return use_room(*items, *bytes);
}

Result<void> Session::read_delivery(Frame kind, Reader& reader, Instant now) {
  const auto number = reader.value<std::uint64_t>();
  if (!number) {
    return number.error();
  }
  if (kind == Frame::ack) {
    return read_ack(*number, reader);
  }
  if (kind == Frame::give_back) {
    return read_give_back(*number, reader, now);
  }
  const auto was_its = read_change(kind, *number, reader, now);
  if (!was_its.has_value()) {
    return was_its.error();
  }
  if (!was_its.value()) {
    tell_lost(*number);
  }
  return {};
}

Result<void> Session::read_ack(std::uint64_t first, Reader& reader) {
  const auto count = reader.value<std::uint32_t>();
  if (!count) {
    return count.error();
  }
  if (first > holder_.next() || *count > holder_.next() - first) {
    return Error{Code::malformed, "it acknowledges what it was not given"};
  }
  for (std::uint32_t i = 0; i < *count; ++i) {
    if (!desk_.ledger.finish(holder_, first + i)) {
      tell_lost(first + i);
    }
  }
  return {};
}

Result<void> Session::read_give_back(std::uint64_t number, Reader& reader, Instant now) {
  const auto opened = reader.value<bool>();
  const auto delay = reader.value<std::int64_t>();
  if (!opened.has_value() || !delay) {
    return reader.error();
  }
  (void)desk_.ledger.give_back(holder_, number, opened.value(), bounded(*delay), now);
  recalled_ = false;
  return {};
}

// What becomes of one delivery. False: it is not this client's any more.
Result<bool> Session::read_change(Frame kind, std::uint64_t number, Reader& reader, Instant now) {
  Ledger& ledger = desk_.ledger;
  switch (kind) {
    case Frame::reject: {
      auto why = reader.value<std::string>();
      if (!why) {
        return why.error();
      }
      return ledger.reject(holder_, number, *std::move(why));
    }
    case Frame::extend: {
      const auto more = reader.value<std::int64_t>();
      if (!more) {
        return more.error();
      }
      return ledger.extend(holder_, number, now + bounded(*more));
    }
    case Frame::open:
      return ledger.open(holder_, number);
    case Frame::finish: {
      auto items = read_items(reader);
      if (!items) {
        return items.error();
      }
      return ledger.finish(holder_, number, *std::move(items), now);
    }
    default:
      return Error{Code::malformed, "a frame that only an owner sends"};
  }
}

Result<void> Session::read_question(Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  const auto kind = reader.value<std::uint8_t>();
  auto text = reader.value<std::string>();
  if (!number || !kind || !text) {
    return reader.error();
  }
  switch (static_cast<Question>(*kind)) {
    case Question::close:
      desk_.ledger.close();
      if (desk_.failure.empty()) {
        desk_.failure = *std::move(text);
      }
      desk_.asking.emplace_back(this, *number);
      return {};
    case Question::stats:
      desk_.asking.emplace_back(this, *number);
      return {};
    case Question::join:
      desk_.joining.emplace_back(this, *number);
      return {};
  }
  return Error{Code::malformed, "there is no question of kind " + std::to_string(*kind)};
}

}  // namespace troupe::queue
