// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one message may cost the side that writes it and the side that reads it. Values.

#include <cstddef>
#include <cstdint>
#include <limits>

namespace troupe {

struct EncodeLimits {
  // Bytes of the whole message. A transport has a limit of its own (ConnectOptions::max_message).
  std::size_t total_bytes = std::numeric_limits<std::size_t>::max();
  // How deep containers of containers may nest where the type does not say it (a tree, a Dynamic).
  std::size_t depth = 64;
};

// How a struct is matched with the members that came.
enum class Members : std::uint8_t {
  exact,   // the count must be right, every name known
  prefix,  // missing trailing members keep the value T{} gives them, extra ones are skipped
};

// Checked before memory is asked for; a count is also held against the bytes that are left.
struct DecodeLimits {
  std::size_t depth = 64;                            // as in EncodeLimits
  std::size_t elements = std::size_t{1} << 24;       // of one container
  std::size_t string_bytes = std::size_t{64} << 20;  // of one string or byte string that is copied
  std::size_t total_bytes = std::size_t{256}
                            << 20;  // memory of all elements, strings and copied bytes
  Members members = Members::exact;
};

}  // namespace troupe
