// SPDX-License-Identifier: Apache-2.0
#pragma once

// Encoded: a message as the codec leaves it for a transport. The bytes of the message are `head` with each
// borrowed piece standing before head[at]; what is large is referenced, not copied. Descriptors travel
// beside the bytes, in the order in which the bytes mention them. One thread at a time.

#include "troupe/base/buffer.hpp"
#include "troupe/base/bytes.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace troupe {

struct Encoded {
  struct Borrowed {
    std::size_t at = 0;                // offset into head; pieces are in ascending order
    std::span<const std::byte> bytes;  // valid while the message that was encoded is
    Buffer keep;                       // set where the bytes are counted: they outlive the message
  };

  Bytes head;
  std::vector<Borrowed> borrowed;
  std::vector<UniqueFd> fds;  // duplicates: the message keeps its own

  // Bytes of the whole message.
  std::size_t size() const noexcept;
  // Empties it, keeping the memory for the next message.
  void clear() noexcept;
  // The whole message in one piece.
  Bytes joined() const;
};

}  // namespace troupe
