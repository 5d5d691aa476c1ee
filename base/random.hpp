// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random: the port through which names, jitter and choices get their randomness, so that a seeded
// run repeats exactly. Not for keys: those come from the kernel directly (transports/auth_key.hpp).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace troupe {

// Thread-safe.
class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;

  virtual std::uint64_t next() noexcept = 0;

  // `length` characters from [a-z0-9], for names.
  std::string name(std::size_t length);

  // The kernel's generator.
  static Random& system() noexcept;
};

// Fills `bytes` from the kernel's generator, fit for keys.
void fill_random(std::span<std::byte> bytes) noexcept;

}  // namespace troupe
