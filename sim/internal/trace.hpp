// SPDX-License-Identifier: Apache-2.0
#pragma once

// Trace: what happened in a World, in its order. Kept as it comes and made text when somebody
// looks, since most runs are looked at by nobody. One thread's.

#include "troupe/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace troupe::sim {

// The strings it points to outlive the trace, but for `text`.
struct Event {
  enum class Kind : std::uint8_t {
    node_began,
    node_crashed,
    linked,  // text: how
    spawned,
    sent,     // by other, which may be null: the test; it takes `delay`
    lost,     // likewise
    handles,  // message
    killed,
    ended,  // text: why
    log,    // text
  };

  Instant when{};
  Kind kind{};
  const std::string* node = nullptr;
  const std::string* actor = nullptr;
  const std::string* other_node = nullptr;
  const std::string* other = nullptr;
  std::string_view message{};
  Duration delay{};
  std::string text{};
};

class Trace final {
 public:
  static constexpr std::size_t kMost = 100'000;

  explicit Trace(Instant begin) : begin_(begin) {}

  void add(Event event);
  std::string text(std::uint64_t seed, std::size_t last) const;

 private:
  std::string line(const Event& event) const;

  const Instant begin_;
  std::uint64_t count_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325U;
  std::deque<Event> events_;
};

}  // namespace troupe::sim
