// SPDX-License-Identifier: Apache-2.0
#pragma once

// ModelArea: the bytes of a ring, eight to a location. A location is a header or content, as the
// records fall; so content that is read or written while the other side may take it for a header
// is a data race.

#include "transports/interleaving/access.hpp"
#include "transports/interleaving/model_atomic.hpp"

#include <cstddef>
#include <cstdint>

namespace troupe::interleaving {

class ModelArea final {
 public:
  template <class T>
  using Atomic = ModelAtomic<T>;
  // What becomes of the zero behind a record: the other two for a test of the test.
  enum class Zero : std::uint8_t { before_commit, after_commit, left_out };

  ModelArea(Location first, std::size_t capacity, Zero zero)
      : first_(first), capacity_(capacity), zero_(zero) {}

  std::size_t capacity() const { return capacity_; }

  std::uint64_t load_header(std::size_t offset, std::memory_order order) const {
    return access({.kind = Access::Kind::load, .location = at(offset), .order = order});
  }
  // A release publishes a record, and is counted.
  void store_header(std::size_t offset, std::uint64_t word, std::memory_order order) const {
    if (word == 0 && zero_ != Zero::before_commit) {
      late_zero_ = offset;
      return;
    }
    store(offset, word, order);
    if (order != std::memory_order_release) return;
    count();
    if (zero_ == Zero::after_commit) {
      store(late_zero_, 0, std::memory_order_release);
    }
  }

  void write_content(std::size_t offset, std::uint64_t word) const {
    access({.kind = Access::Kind::write_content, .location = at(offset), .operand = word});
  }
  std::uint64_t read_content(std::size_t offset) const {
    return access({.kind = Access::Kind::read_content, .location = at(offset)});
  }

 private:
  Location at(std::size_t offset) const { return static_cast<Location>(first_ + offset / 8); }
  void store(std::size_t offset, std::uint64_t word, std::memory_order order) const {
    access({.kind = Access::Kind::store, .location = at(offset), .order = order, .operand = word});
  }

  Location first_;
  std::size_t capacity_;
  Zero zero_;
  mutable std::size_t late_zero_ = 0;
};

}  // namespace troupe::interleaving
