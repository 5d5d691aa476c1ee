// SPDX-License-Identifier: Apache-2.0
#pragma once

// SeededRandom: the same seed, the same numbers, with every compiler (SplitMix64, Steele, Lea and
// Flood 2014). One thread's.

#include "troupe/base/random.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::sim {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept override {
    std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15U);
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  }
  // From 0 to `end` - 1.
  std::uint64_t below(std::uint64_t end) noexcept { return end > 1 ? next() % end : 0; }
  // From 0 to 1, without it.
  double part() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

// FNV-1a, to go on from `hash`.
inline constexpr std::uint64_t kHashBegin = 0xCBF29CE484222325U;
inline std::uint64_t hash_of(std::string_view bytes, std::uint64_t hash = kHashBegin) noexcept {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  }
  return hash;
}

}  // namespace troupe::sim
