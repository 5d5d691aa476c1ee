// SPDX-License-Identifier: Apache-2.0
#include "transports/interleaving/memory.hpp"

#include "troupe/base/check.hpp"

#include <algorithm>
#include <limits>

namespace troupe::interleaving {

Location Memory::add(std::uint64_t value) {
  TROUPE_CHECK(location_count_ < kMostLocations);
  const auto location = static_cast<Location>(location_count_++);
  TROUPE_CHECK(store_count_ < kMostStores);
  stores_[store_count_++] = {value, {}, location, 0};
  for (Thread thread = 0; thread < kThreads; ++thread) {
    seen_[thread].clock[thread] = 1;  // at 0 there was no access
  }
  return location;
}

void Memory::begin_with(Location location, std::uint64_t value) {
  TROUPE_CHECK(newest_[location] == 0);
  for (Store& store : stores_) {
    if (store.location == location) {
      store.value = value;
      return;
    }
  }
}

std::size_t Memory::readable(Thread thread, Location location) const {
  return std::size_t{newest_[location]} - seen_[thread].view[location] + 1;
}

const Memory::Store& Memory::at_age(Location location, std::size_t age) const {
  for (std::size_t i = store_count_; i-- > 0;) {
    if (stores_[i].location == location && age-- == 0) return stores_[i];
  }
  TROUPE_CHECK(false && "nobody can read so old a store");
  return stores_[0];
}

std::uint64_t Memory::value(Location location, std::size_t age) const {
  return at_age(location, age).value;
}

void Memory::join(Seen& seen, const Seen& other) {
  for (std::size_t i = 0; i < kMostLocations; ++i) {
    seen.view[i] = std::max(seen.view[i], other.view[i]);
  }
  for (std::size_t i = 0; i < kThreads; ++i) {
    seen.clock[i] = std::max(seen.clock[i], other.clock[i]);
  }
}

Memory::Index Memory::oldest(Location location) const {
  Index index = seen_[0].view[location];
  for (const Seen& seen : seen_) {
    index = std::min(index, seen.view[location]);
  }
  return index;
}

void Memory::forget_unreadable(Location location) {
  const Index from = oldest(location);
  const auto end = stores_.begin() + static_cast<std::ptrdiff_t>(store_count_);
  const auto kept = std::remove_if(stores_.begin(), end, [&](const Store& store) {
    return store.location == location && store.index < from;
  });
  store_count_ = static_cast<std::size_t>(kept - stores_.begin());
}

void Memory::append(Thread thread, Location location, std::uint64_t value, const Seen& released) {
  TROUPE_CHECK(store_count_ < kMostStores);
  TROUPE_CHECK(newest_[location] < std::numeric_limits<Index>::max());
  const Index index = ++newest_[location];
  seen_[thread].view[location] = index;
  Store& store = stores_[store_count_++];
  store = {value, released, location, index};
  forget_unreadable(location);
}

// ---- data races --------------------------------------------------------------------------------

const Memory::Accesses& Memory::of_other(Thread thread, Location location) const {
  return accesses_[1 - thread][location];
}

// The other thread's access at this time has to be known to this thread.
void Memory::expect_after(Thread thread, Time time) {
  race_ = race_ || seen_[thread].clock[1 - thread] < time;
}

// ---- accesses ----------------------------------------------------------------------------------

std::uint64_t Memory::load(Thread thread, Location location, std::size_t age,
                           std::memory_order order) {
  accesses_[thread][location].atomic_read = now(thread);
  expect_after(thread, of_other(thread, location).content_write);
  const Store store = at_age(location, age);
  seen_[thread].view[location] = store.index;
  if (acquires(order)) {
    join(seen_[thread], store.released);
  }
  forget_unreadable(location);
  return store.value;
}

void Memory::store(Thread thread, Location location, std::uint64_t value, std::memory_order order) {
  accesses_[thread][location].atomic_write = now(thread);
  expect_after(thread, of_other(thread, location).content_write);
  expect_after(thread, of_other(thread, location).content_read);
  Seen released;
  if (releases(order)) {
    released = seen_[thread];
    released.view[location] = static_cast<Index>(newest_[location] + 1);
    ++seen_[thread].clock[thread];
  }
  append(thread, location, value, released);
}

std::uint64_t Memory::read_modify_write(Thread thread, Location location, std::uint64_t value,
                                        std::memory_order order) {
  const Seen sequence = at_age(location, 0).released;  // which this continues
  const std::uint64_t before = load(thread, location, 0, order);
  store(thread, location, value, order);
  for (std::size_t i = store_count_; i-- > 0;) {
    if (stores_[i].location == location) {
      join(stores_[i].released, sequence);
      break;
    }
  }
  return before;
}

void Memory::write_content(Thread thread, Location location, std::uint64_t value) {
  accesses_[thread][location].content_write = now(thread);
  const Accesses& other = of_other(thread, location);
  for (const Time time :
       {other.content_write, other.content_read, other.atomic_write, other.atomic_read}) {
    expect_after(thread, time);
  }
  append(thread, location, value, {});
}

std::uint64_t Memory::read_content(Thread thread, Location location) {
  accesses_[thread][location].content_read = now(thread);
  expect_after(thread, of_other(thread, location).content_write);
  expect_after(thread, of_other(thread, location).atomic_write);
  return at_age(location, 0).value;  // without a race there is no other
}

void Memory::make_all_visible() {
  for (Seen& seen : seen_) {
    seen.view = newest_;
  }
  for (std::size_t i = 0; i < location_count_; ++i) {
    forget_unreadable(static_cast<Location>(i));
  }
}

void Memory::see_everything(Thread thread) {
  seen_[thread].view = newest_;
  join(seen_[thread], seen_[1 - thread]);
}

// ---- equality ----------------------------------------------------------------------------------

// Stores that nobody can read any more are gone, and the others count from the oldest one; times
// count from what the other thread knows, which no race can reach behind. So two ways to the same
// future meet. The order of stores to different locations does not matter.
std::uint64_t Memory::hash() const {
  View oldest{};
  for (std::size_t i = 0; i < location_count_; ++i) {
    oldest[i] = this->oldest(static_cast<Location>(i));
  }
  const auto beyond = [](auto value, auto from) {
    return static_cast<std::uint64_t>(value > from ? value - from : 0);
  };
  const auto after = [&](Thread of, Time time) { return beyond(time, seen_[1 - of].clock[of]); };
  const auto hash_of = [&](std::uint64_t hash, const Seen& seen) {
    std::uint64_t packed = 0;
    for (std::size_t i = 0; i < location_count_; ++i) {
      packed = packed << 4U | beyond(seen.view[i], oldest[i]);
      if (i % 16 == 15) hash = mix(hash, packed);
    }
    return mix(hash, packed);
  };

  std::uint64_t hash = race_ ? 1 : 0;
  for (const Seen& seen : seen_) {
    hash = hash_of(hash, seen);
  }
  std::uint64_t stores = 0;
  for (std::size_t i = 0; i < store_count_; ++i) {
    const Store& store = stores_[i];
    std::uint64_t one = mix(store.location, beyond(store.index, oldest[store.location]));
    one = mix(one, store.value);
    for (Thread of = 0; of < kThreads; ++of) {
      one = mix(one, after(of, store.released.clock[of]));
    }
    stores += hash_of(one, store.released);
  }
  hash = mix(hash, stores);
  for (std::size_t i = 0; i < location_count_; ++i) {
    for (Thread of = 0; of < kThreads; ++of) {
      const Accesses& last = accesses_[of][i];
      hash = mix(hash, after(of, last.content_write) << 48U ^ after(of, last.content_read) << 32U ^
                           after(of, last.atomic_write) << 16U ^ after(of, last.atomic_read));
    }
  }
  return hash;
}

}  // namespace troupe::interleaving
