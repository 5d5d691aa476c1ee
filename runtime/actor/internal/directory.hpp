// SPDX-License-Identifier: Apache-2.0
#pragma once

// Directory: the names and groups of a runtime's actors.

#include "troupe/runtime/actor/internal/gathering.hpp"
#include "troupe/runtime/actor/internal/seat.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace troupe::actor {

// Thread-safe.
class Directory final {
 public:
  explicit Directory(System& system) : system_(system) {}

  // What a name means; the same one for as long as somebody has it. Made where there is none.
  std::shared_ptr<Seat> seat(std::string_view name);
  std::shared_ptr<Gathering> group(std::string_view name);
  // Errors: exists, closed (the actor has ended), invalid_argument (an empty name).
  Result<void> register_name(std::string_view name, const Target& target, const Interface& its);

 private:
  template <class T>
  using Entries = std::map<std::string, std::shared_ptr<T>, std::less<>>;

  System& system_;
  std::mutex mutex_;
  // Guarded by mutex_. What nobody uses goes when there are twice as many as when it last went.
  Entries<Seat> seats_;
  Entries<Gathering> groups_;
  std::size_t most_seats_ = 64;
  std::size_t most_groups_ = 64;
};

}  // namespace troupe::actor
