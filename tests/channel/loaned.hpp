// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loans with a pattern in them, and whether what arrived has it still.

#include "harness/raw_fd.hpp"
#include "troupe/base/buffer.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/runtime/channel/connection.hpp"

#include <algorithm>
#include <cstddef>

namespace troupe::harness {

inline void write_pattern(Loan& loan, unsigned seed) {
  std::ranges::copy(pattern(loan.size(), seed), loan.bytes().begin());
}

// Written in place.
inline Loan pattern_loan(Connection& end, std::size_t size, unsigned seed = 0) {
  Loan loan = end.loan(size).value();
  write_pattern(loan, seed);
  return loan;
}

inline Buffer pattern_buffer(std::size_t size, unsigned seed = 0) {
  return Buffer::owning(pattern(size, seed));
}

inline bool holds_pattern(const Buffer& buffer, std::size_t size, unsigned seed = 0) {
  return std::ranges::equal(buffer.bytes(), pattern(size, seed));
}

}  // namespace troupe::harness
