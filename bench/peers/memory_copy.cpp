// SPDX-License-Identifier: Apache-2.0
#include "memory_copy.hpp"

#include <cstring>
#include <vector>

namespace bench::memory_copy {

double stream(const Stream& stream, const Meter& meter) {
  pin_to(placement(Waiting::awake).measuring);
  const std::vector<std::byte> message(stream.size, std::byte{1});
  std::vector<std::byte> place(stream.size);
  return meter([&] {
    for (std::size_t i = 0; i < stream.messages_a_step(); ++i) {
      std::memcpy(place.data(), message.data(), stream.size);
      asm volatile("" : : "r"(place.data()) : "memory");  // each copy is wanted
    }
  });
}

}  // namespace bench::memory_copy
