// SPDX-License-Identifier: Apache-2.0
#pragma once

// Encoded: a message as the codec leaves it for a transport; Incoming: one as a transport hands it
// to the codec. The bytes of a message are `head` with each borrowed piece standing before
// head[at]; what is large is referenced, not copied. Descriptors travel beside the bytes, which
// mention them by index. One thread at a time.

#include "troupe/base/buffer.hpp"
#include "troupe/base/bytes.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/serialization/growable_bytes.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace troupe {

// Byte payloads of at least so many bytes are referenced, smaller ones are copied: a gathered write
// of one more piece costs about as much as copying this.
inline constexpr std::size_t kLargePiece = 4096;

struct Encoded {
  struct Borrowed {
    std::size_t at = 0;                // offset into head; pieces are in ascending order
    std::span<const std::byte> bytes;  // valid while the message that was encoded is
    Buffer keep;                       // set where the bytes are counted: they outlive the message
  };

  GrowableBytes head;
  std::vector<Borrowed> borrowed;
  std::vector<UniqueFd> fds;  // duplicates: the message keeps its own

  // Bytes of the whole message.
  std::size_t size() const noexcept;
  // Empties it, keeping the memory for the next message.
  void clear() noexcept;
  // The whole message in one piece.
  Bytes joined() const;
  // Appends the spans that make up the message, in order: what a gathered write takes. They are
  // valid until this is changed, and the borrowed ones while the message is.
  void gather(std::vector<std::span<const std::byte>>& pieces) const;
  // Copies what is borrowed and not counted, so that the message may go.
  void own();
};

struct Incoming {
  std::span<const std::byte> bytes;
  // Set when `bytes` stand in counted memory: large Buffer members become views of it. Must hold
  // `bytes`.
  const Buffer* storage = nullptr;
  // The descriptors that came with the bytes; those that the message names are moved out.
  std::span<UniqueFd> fds = {};
  // Contents of byte strings and texts that stand elsewhere: of each, `bytes` has only the head,
  // directly before `at`. In ascending order.
  std::span<const DetachedBytes> detached = {};
};

}  // namespace troupe
