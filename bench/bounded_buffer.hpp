// SPDX-License-Identifier: Apache-2.0
#pragma once

// The work of Savina's bndbuffer (Imam and Sarkar, AGERE 2014; ProdConsBoundedBufferConfig.java):
// what its actors do with an item, and what comes out when each was produced and consumed once.
//
// A manager keeps a buffer. It asks producers for an item each; one that has made its last ends
// when it is asked again. An item goes to a consumer that is free, or into the buffer; the producer
// is asked for the next one unless the buffer is nearly full, since each of the others may have one
// under way. A consumer that is done with its item gets the next one from the buffer, which lets
// one producer more be asked. When all producers have ended and all consumers are free, it is over.

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench::bounded_buffer {

inline constexpr int kBuffer = 50;
inline constexpr int kProducers = 40;
inline constexpr int kConsumers = 40;
inline constexpr std::uint64_t kItemsEach = 1000;  // of a producer
// So many waiting items are enough: kProducers more may be under way.
inline constexpr int kEnough = kBuffer - kProducers;
inline constexpr int kCost = 25;  // of producing, and of consuming
inline constexpr int kLoops = kCost * 100;

// What producing an item does with the last one, and consuming one with what was consumed before,
// the item added. The random numbers are those of a later edition of the suite (github.com/
// smarr/savina, som.Random): 16 bits, so that no language needs large integers for them.
inline double process(double value) {
  constexpr double kRange = 65536;
  unsigned seed = kCost;
  for (int i = 0; i < kLoops; ++i) {
    seed = (seed * 1309 + 13849) & 65535U;
    value += std::log(std::abs(seed / kRange) + 0.01);
  }
  return value;
}

// Throws unless consumers made this of so many items of each producer, together.
inline void check(double consumed, std::uint64_t items_each) {
  const auto items = static_cast<double>(items_each);
  const double produced = items * (items + 1) / 2;  // a producer's items are 1, 2, 3… of process(0)
  const double expected = kProducers * (produced + items) * process(0);
  constexpr double kRounding = 1e-9;
  if (std::abs(consumed - expected) > std::abs(expected) * kRounding) {
    throw std::runtime_error{"bounded buffer: consumed " + std::to_string(consumed) + ", not " +
                             std::to_string(expected)};
  }
}

}  // namespace bench::bounded_buffer
