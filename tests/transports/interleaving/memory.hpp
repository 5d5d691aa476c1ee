// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory: what two threads may see of each other's stores, as the C++ memory model says it of
// release, acquire and relaxed operations. Each location keeps its stores in their modification
// order; each thread has a view, the oldest store of each location that it may still read. So a
// load may have several answers, and whoever explores takes each of them in turn.
//
// Content, which is not atomic, is watched with vector clocks: two accesses that no release and
// acquire puts in an order are a data race.
//
// Not modelled: seq_cst (nobody here uses it), fences, loads that are answered by a store which
// comes later in the program (load buffering). A store goes to the end of its location's
// modification order; for a location that one thread stores to, or all by read-modify-writes, that
// is no restriction.
//
// A value: copied for each branch of the exploration, and so of a fixed size.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace troupe::interleaving {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kMostLocations = 22;
constexpr std::size_t kMostStores = 64;  // that somebody can still read

using Location = std::uint8_t;
using Thread = std::uint8_t;

class Memory final {
 public:
  // Before the threads begin, who both see the value.
  Location add(std::uint64_t value);
  void begin_with(Location location, std::uint64_t value);

  // How many stores a load by this thread may read. They are numbered from the newest, 0.
  std::size_t readable(Thread thread, Location location) const;
  // The value of such a store.
  std::uint64_t value(Location location, std::size_t age) const;

  std::uint64_t load(Thread thread, Location location, std::size_t age, std::memory_order order);
  void store(Thread thread, Location location, std::uint64_t value, std::memory_order order);
  // Reads the newest store. Returns what it was.
  std::uint64_t read_modify_write(Thread thread, Location location, std::uint64_t value,
                                  std::memory_order order);

  void write_content(Thread thread, Location location, std::uint64_t value);
  std::uint64_t read_content(Thread thread, Location location);

  // A full barrier on every thread: all that was stored so far is the oldest that can be read.
  void make_all_visible();
  // The kernel told this thread of the other's end, after the last of its stores.
  void see_everything(Thread thread);

  bool has_race() const { return race_; }

  // Equal for memories that no program can tell apart.
  std::uint64_t hash() const;

 private:
  using Index = std::uint8_t;  // in the modification order
  using Time = std::uint16_t;  // counts a thread's releases
  using View = std::array<Index, kMostLocations>;
  using Clock = std::array<Time, kThreads>;
  struct Seen {  // what whoever acquires sees as well
    View view{};
    Clock clock{};
  };
  struct Store {
    std::uint64_t value = 0;
    Seen released;
    Location location = 0;
    Index index = 0;
  };
  struct Accesses {  // by one thread, the last of each
    Time content_write = 0;
    Time content_read = 0;
    Time atomic_write = 0;
    Time atomic_read = 0;
  };

  static void join(Seen& seen, const Seen& other);
  const Store& at_age(Location location, std::size_t age) const;
  void append(Thread thread, Location location, std::uint64_t value, const Seen& released);
  void forget_unreadable(Location location);
  Time now(Thread thread) const { return seen_[thread].clock[thread]; }
  const Accesses& of_other(Thread thread, Location location) const;
  void expect_after(Thread thread, Time time);
  Index oldest(Location location) const;

  std::array<Store, kMostStores> stores_{};
  std::array<Index, kMostLocations> newest_{};
  std::array<Seen, kThreads> seen_{};
  std::array<std::array<Accesses, kMostLocations>, kThreads> accesses_{};
  std::size_t store_count_ = 0;
  std::size_t location_count_ = 0;
  bool race_ = false;
};

// Puts one more value into a hash.
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15U + (hash << 6U) + (hash >> 2U);
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31U);
}

constexpr bool acquires(std::memory_order order) {
  return order != std::memory_order_relaxed && order != std::memory_order_release;
}
constexpr bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

}  // namespace troupe::interleaving
