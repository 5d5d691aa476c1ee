// SPDX-License-Identifier: Apache-2.0
#pragma once

// Envelope: a message on its way to an actor of this process, with a pointer to what handles it:
// dispatch needs no registry. Made by the templates of ref.hpp, run by the actor's cell.

#include "troupe/base/clock.hpp"
#include "troupe/serialization/names.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace troupe {
class Context;
}

namespace troupe::actor {

class AnswerBase;
struct Envelope;

// One for each type of message in this process: its address is the type's identity here.
struct MessageType {
  std::string_view name;
};
template <class M>
inline constexpr MessageType kMessageType{reflect::short_type_name<M>()};

// Has `object` handle the message; the answer, if one is wanted, goes to `answer`.
using Handle = void (*)(void* object, Envelope& envelope, Context& context, AnswerBase* answer);

// What can be done with an envelope whose type is forgotten.
struct Operations {
  Handle handle;  // null: the receiver finds its own by `type`
  const MessageType* type;
  void* (*message)(Envelope& envelope) noexcept;
  void (*destroy)(Envelope& envelope) noexcept;                 // the message, not the memory
  AnswerBase* (*answer)(Envelope& envelope) noexcept;           // null: a send
  std::size_t size;                                             // of the whole
  std::size_t (*footprint)(const Envelope& envelope) noexcept;  // null: owns nothing elsewhere
  // Asked before it is handled; false: not any more. Null: always.
  bool (*wanted)(Envelope& envelope) noexcept = nullptr;
  const MessageType* reply = nullptr;  // what the answer is; null: a send
};

struct Envelope {
  Envelope* next = nullptr;
  const Operations* operations;
  std::uint64_t target = 0;  // the incarnation it is for
  std::uint32_t sent = 0;    // when: see ticks_of

  explicit Envelope(const Operations& its) noexcept : operations(&its) {}
};

// Times of mailboxes, for people: ticks of 1.05 ms, which turn over after 52 days.
inline std::uint32_t ticks_of(Instant time) noexcept {
  return static_cast<std::uint32_t>(time.time_since_epoch().count() >> 20U);
}
inline Duration time_of_ticks(std::uint32_t ticks) noexcept {
  return Duration{static_cast<Duration::rep>(ticks) << 20U};
}

// Memory for envelopes, aligned to a cache line; kept by size and thread, so that a message costs
// no trip to the allocator. Thread-safe; either side may be any thread.
void* allocate_envelope(std::size_t size);
void free_envelope(void* memory, std::size_t size) noexcept;

inline void discard(Envelope& envelope) noexcept {
  const Operations& operations = *envelope.operations;
  operations.destroy(envelope);
  free_envelope(&envelope, operations.size);
}

template <class M>
struct Letter : Envelope {
  M message;

  template <class Given>
  Letter(const Operations& its, Given&& given)
      : Envelope(its), message(std::forward<Given>(given)) {}

  static void* message_of(Envelope& envelope) noexcept {
    return &static_cast<Letter&>(envelope).message;
  }
  static void destroy(Envelope& envelope) noexcept { static_cast<Letter&>(envelope).message.~M(); }
};

}  // namespace troupe::actor
