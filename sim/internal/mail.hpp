// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mail: what is on its way in a World, and when it arrives. One thread's.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/actor/sending.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace troupe::sim {

class Node;

// Something that is due at a time.
struct Due {
  enum class Kind : std::uint8_t {
    letter,
    lost,  // an ask that will never be answered, and ends at its deadline
    kill,
  };

  Instant when{};
  std::uint64_t order = 0;  // of equal times
  Kind kind{};
  Node* node = nullptr;  // whose the target is
  actor::Target target{};
  Node* from = nullptr;  // whose the sender is; null: the test's
  actor::Envelope* envelope = nullptr;
};

class Mail final {
 public:
  // Messages of this sender arrive in the order they were sent.
  struct Pair {
    const Node* from;
    std::uint64_t sender;
    const Node* to;
    std::uint64_t target;
    // NOLINTNEXTLINE(modernize-use-nullptr): it means the 0 of the comparison
    auto operator<=>(const Pair&) const = default;
  };

  void add(Due due);
  // The time for a message that would arrive then: not before the one ahead of it.
  Instant in_turn(const Pair& pair, Instant when, Instant now);

  Instant first() const noexcept { return due_.empty() ? Instant::max() : due_.front().when; }
  std::optional<Due> take_due(Instant now);
  // All that comes from the node or goes to it; null: all.
  std::vector<Due> take_all(const Node* node);

 private:
  std::vector<Due> due_;  // a heap
  std::uint64_t added_ = 0;
  std::map<Pair, Instant> last_;  // looked up, never walked in the order of its addresses
  std::size_t forget_at_ = 1024;
};

}  // namespace troupe::sim
