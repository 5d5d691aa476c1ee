// SPDX-License-Identifier: Apache-2.0
#pragma once

// Handshake: both ends prove that they know the key, by the mutual HMAC challenge of CPython's
// multiprocessing.connection (docs/wire-protocol.md#authentication). First the listener challenges,
// then the client. We send the digest form of Python 3.12 and later; the MD5 form of older ones is
// answered and accepted where `legacy` allows it. Proves the peer at the start; protects nothing
// afterwards.
//
// A state machine that never blocks; one thread at a time.

#include "troupe/transports/auth_key.hpp"
#include "troupe/transports/frame_connection.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::transports {

class Handshake final {
 public:
  enum class Role : std::uint8_t { listener, client };
  enum class Legacy : std::uint8_t { refused, accepted };

  // Bytes: no frame of a handshake is larger. Part of the wire format.
  static constexpr std::size_t kLargestFrame = 256;

  Handshake(AuthKey key, Role role, Legacy legacy)
      : key_(std::move(key)),
        legacy_(legacy),
        state_(role == Role::listener ? State::challenge : State::await_challenge) {}

  // Goes on as far as it can. Done: the peer knows the key. would_block: wait for
  // connection.readable(). Errors: refused (wrong key, the other side has no key, not a handshake
  // at all), and what the connection returns. After an error the connection is of no use.
  Result<Progress> step(FrameConnection& connection);

 private:
  enum class State : std::uint8_t { challenge, await_answer, await_challenge, await_verdict, done };

  Result<Progress> send(FrameConnection& connection, std::span<const std::byte> body);
  Result<void> take(FrameConnection& connection, std::span<const std::byte> body);
  Result<void> check_answer(FrameConnection& connection, std::span<const std::byte> answer);
  Result<void> answer_challenge(FrameConnection& connection, std::span<const std::byte> frame);
  std::optional<Bytes> code_for(std::string_view digest, std::span<const std::byte> message);
  void next_half();

  AuthKey key_;
  Legacy legacy_;
  State state_;
  bool first_half_ = true;
  Bytes challenge_;  // what we asked: the digest's name in braces and 40 random bytes
};

// The peer's first message is a challenge although we have no key: the error to give.
bool looks_like_challenge(std::span<const std::byte> body) noexcept;

}  // namespace troupe::transports
