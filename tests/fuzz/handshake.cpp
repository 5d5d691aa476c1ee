// SPDX-License-Identifier: Apache-2.0
// A peer without the key talks to either end of the handshake: it is never let in, and a frame that
// it is sent never holds more than a step of the handshake. The first bytes choose the role,
// whether MD5 is accepted, and the portions.
#include "troupe/transports/auth/handshake.hpp"

#include "scripted_stream.hpp"
#include "troupe/base/check.hpp"
#include "troupe/transports/stream/stream_connection.hpp"

#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::transports::Handshake;
  using troupe::transports::Progress;
  constexpr std::size_t kChoices = 2;
  if (size < kChoices) {
    return 0;
  }
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(kChoices);
  auto stream = std::make_unique<troupe_fuzz::ScriptedStream>(bytes, data[1]);
  const auto& written = stream->written;
  troupe::transports::StreamConnection connection{
      std::move(stream), {.peer = "unix:fuzz", .capabilities = {}, .max_message = 1U << 20U}};
  connection.set_receive_limit(Handshake::kLargestFrame);
  Handshake handshake{
      troupe::AuthKey{"a key that the peer does not know"},
      (data[0] & 1U) != 0 ? Handshake::Role::listener : Handshake::Role::client,
      (data[0] & 2U) != 0 ? Handshake::Legacy::accepted : Handshake::Legacy::refused};
  for (;;) {
    const auto step = handshake.step(connection);
    if (!step) {
      break;
    }
    TROUPE_CHECK(*step == Progress::would_block);
  }
  TROUPE_CHECK(written.size() <= 3 * (4 + Handshake::kLargestFrame));
  return 0;
}
