// SPDX-License-Identifier: Apache-2.0
#pragma once

// The hello that a client writes to the public named pipe: a magic with the version in its last
// byte, the length of a path in two bytes, big-endian, and the path without its ending. Written in
// one piece, which a pipe keeps whole up to PIPE_BUF. Part of the wire format
// (docs/wire-protocol.md#fifo).

#include <climits>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::transports {

inline constexpr std::string_view kHelloMagic{"TRF\x01", 4};
inline constexpr std::size_t kHelloHead = kHelloMagic.size() + 2;
inline constexpr std::size_t kMostHelloPath = PIPE_BUF - kHelloHead;

// Whether a hello can name it: absolute, short enough, without the magic inside.
bool fits_hello(std::string_view path) noexcept;
std::string encode_hello(std::string_view path);

// Finds the hellos in what clients wrote, one after the other. Garbage between them is passed over,
// and what only begins like a hello holds up none that follows. One thread at a time.
class HelloParser final {
 public:
  void add(std::string_view bytes) { pending_ += bytes; }
  // The path of the next whole hello; nothing: none is here yet.
  std::optional<std::string> next();

 private:
  std::string pending_;
};

}  // namespace troupe::transports
