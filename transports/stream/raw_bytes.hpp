// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that is not initialised until it is written to: what a read fills.

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace troupe::transports {

struct FreeRawBytes {
  void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
};
using RawBytes = std::unique_ptr<std::byte[], FreeRawBytes>;  // NOLINT(modernize-avoid-c-arrays)

// Throws std::bad_alloc.
inline RawBytes make_raw_bytes(std::size_t size) {
  RawBytes bytes{static_cast<std::byte*>(std::malloc(size))};
  if (bytes == nullptr) {
    throw std::bad_alloc{};
  }
  return bytes;
}

}  // namespace troupe::transports
