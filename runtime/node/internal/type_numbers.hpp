// SPDX-License-Identifier: Apache-2.0
#pragma once

// TypeNumbers: what the messages on a link are called: each type, with its reply, is declared once,
// by who sends it, under a number of the sender's; the other side holds it against what its actors
// take. Thread-safe.

#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/node/internal/link_frame.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>

namespace troupe::node {

class TypeNumbers final {
 public:
  // Whether both sides are of one build: then names mean the same that do not elsewhere.
  explicit TypeNumbers(bool same_build) noexcept : same_build_(same_build) {}

  // ---- what we send ----
  // True: it is new, and has to be declared before it is used.
  bool number(const actor::RemoteMessage& message, std::uint64_t& number);

  // ---- what the other side sends ----
  // It came in so many bytes. Errors: malformed (declared before, or too many).
  Result<void> declare(std::uint64_t number, Declared&& declared, std::size_t bytes);
  // Whether all of `wanted` is among what it declared under `numbers`.
  bool covers(std::span<const std::uint64_t> numbers, actor::RemoteMessages wanted);
  // What one of `accepted` it is. Errors: malformed (not declared), refused (none, or one that has
  // changed; with both names).
  Result<const actor::RemoteMessage*> resolve(std::uint64_t number, actor::RemoteMessages accepted);

 private:
  static constexpr std::size_t kMostDeclared = 65536;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20U;

  const bool same_build_;
  std::mutex lock_;
  // Guarded by lock_.
  std::map<std::pair<const actor::MessageType*, const actor::MessageType*>, std::uint64_t> ours_;
  std::unordered_map<std::uint64_t, Declared> theirs_;
  std::size_t their_bytes_ = 0;
  std::map<std::pair<std::uint64_t, const actor::RemoteMessage*>,
           Result<const actor::RemoteMessage*>>
      resolved_;
};

// Whether `theirs` can be read as `ours`. Errors: refused, with both names.
Result<void> fits(const Schema& ours, const Schema& theirs, bool same_build);

}  // namespace troupe::node
