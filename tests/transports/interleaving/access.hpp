// SPDX-License-Identifier: Apache-2.0
#pragma once

// Access: what a modelled thread asks of the world. It asks by access(), which returns the answer;
// between two questions a thread does nothing that the other could see.

#include "transports/interleaving/memory.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::interleaving {

struct Access {
  enum class Kind : std::uint8_t {
    // One at a time: what happens between two of these is a matter of the schedule.
    load,
    store,
    exchange,          // the answer is what was there
    add,               // likewise
    compare_exchange,  // likewise; stored when that is `expected`
    make_all_visible,
    ring,    // wakes the other thread from its sleep, or from its next
    sleep,   // until rung: 0; or until the other was killed: 1
    choose,  // one of the numbers below `operand`
    // Part of the step before them.
    write_content,
    read_content,
    count,  // for the test: how often something was done, by either
    counted,
  };

  Kind kind = Kind::load;
  Location location = 0;
  std::memory_order order = std::memory_order_relaxed;
  std::uint64_t operand = 0;
  std::uint64_t expected = 0;
  bool torn = false;  // a read-modify-write that is a load and a store
};

// Only within a thread that an Explorer runs.
std::uint64_t access(const Access& access);
// Ends the exploration: the thread has seen what must not be.
[[noreturn]] void fail(const char* why);

inline void expect(bool holds, const char* what) {
  if (!holds) fail(what);
}

inline void make_all_visible() {
  access({.kind = Access::Kind::make_all_visible});
}
inline void ring() {
  access({.kind = Access::Kind::ring});
}
enum class Woken : std::uint8_t { rung = 0, other_was_killed = 1 };
inline Woken sleep() {
  return Woken{static_cast<std::uint8_t>(access({.kind = Access::Kind::sleep}))};
}
inline void count() {
  access({.kind = Access::Kind::count});
}
inline std::uint64_t counted() {
  return access({.kind = Access::Kind::counted});
}
inline bool choose() {
  return access({.kind = Access::Kind::choose, .operand = 2}) != 0;
}

// What this thread does from here on depends on nothing but this value, and the last that it loaded
// from the location, if one is named: so that ways that lead here can meet.
void settle(std::uint64_t value, std::optional<Location> loaded = {}, int line = __builtin_LINE());

// A line of a schedule; place: the location's name.
std::string describe(const Access& access, const std::string& place, std::uint64_t answer);

}  // namespace troupe::interleaving
