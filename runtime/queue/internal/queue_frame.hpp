// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a client of a queue and its owner say to each other: a frame is its kind, then the values
// listed there, each a msgpack value. Deliveries are numbered from 1 in the order in which the
// owner sends them; puts, among which an emit counts as one, in the order in which the client does.
// Part of the wire format: docs/wire-protocol.md#queues.

#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/serialization/schema.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::queue {

inline constexpr std::string_view kMagic = "troupe-queue";
inline constexpr std::uint32_t kVersion = 1;

enum class Frame : std::uint8_t {
  // The first of a client, and of the owner.
  hello = 1,    // Hello
  welcome = 2,  // Welcome
  refused = 3,  // number of the Code, why
  // From a client.
  put = 8,       // item
  put_with = 9,  // priority, ns of delay; item
  emit = 10,     // queue of the cause, its id, what is settled there, count; items
  want = 11,     // Wish: the room that it would like, besides what it has; in place of the last one
  unwanted = 12,   // items and bytes of granted room that it does not use
  take = 13,       // so many more deliveries
  untake = 14,     // no more deliveries; the owner says untaken
  ack = 15,        // number of the first delivery, count
  give_back = 16,  // number of a delivery, whether it was opened, ns of delay
  reject = 17,     // number of a delivery, why
  extend = 18,     // number of a delivery, ns from now
  open = 19,       // number of a delivery that is marked as a suspect: it is begun with
  finish = 20,     // number of a delivery, count; items that take its place
  ask = 21,        // number of the question, Question, text
  bye = 22,        // nothing more comes
  // From the owner.
  accepted = 32,   // number of the last put that it has
  grant = 33,      // items and bytes that may be put now
  recall = 34,     // others wait: granted room and deliveries that are not used are to come back
  item = 35,       // id, id minus the lowest that is not settled, deliveries before, suspect; item
  untaken = 36,    // one for each untake: no deliveries come of what was taken before
  end = 37,        // closed, empty, nothing in work; why it failed, "": it did not
  lost = 38,       // number of a delivery that somebody else gets
  answer = 39,     // number of the question, Answer
  full = 40,       // what was wanted is not granted: number of the Code
  unwritten = 41,  // why what was put is not accepted, though it has come; "": it is again
};

enum class Question : std::uint8_t {
  stats = 1,
  close = 2,  // text: why it failed, "": it did not
  join = 3,   // answered once all that was accepted is finished
};

struct Hello {
  std::string magic;
  std::uint32_t version = 0;
  std::string object;  // which queue; "" is the only one of its listener
  bool dead = false;   // its dead letters
  std::uint64_t pid = 0;
  Schema schema;  // of the items; an empty name: of no matter
};

struct Welcome {
  std::uint32_t version = 0;
  std::uint64_t queue = 0;  // its number, new each time it is made
  std::uint64_t capacity = 0;
  std::uint64_t capacity_bytes = 0;
  std::int64_t retry_delay = 0;  // ns
};

struct Wish {
  std::uint32_t items = 0;  // 0: none any more
  std::uint64_t bytes = 0;
  std::uint32_t least_items = 0;  // less is of no use
  std::uint64_t least_bytes = 0;
};

struct Answer {
  std::uint8_t code = 0;  // 0: done
  std::string what;
  QueueStats stats;
};

inline void begin(Writer& writer, Frame kind) {
  writer.natural(static_cast<std::uint64_t>(kind));
}
// A frame that is a kind and a number, or begins with them.
Encoded frame_of(Frame kind, std::uint64_t number);
// `opened`: it was begun with.
Encoded give_back_frame(std::uint64_t number, bool opened, Duration delay);
// Errors: malformed.
Result<Frame> read_kind(Reader& reader);

}  // namespace troupe::queue
