// SPDX-License-Identifier: Apache-2.0
#pragma once

// The messages that the two ends of a ZeroMQ session exchange, each one frame of one ZeroMQ
// message. The bytes: docs/wire-protocol.md#over-zeromq. What ZeroMQ lacks is here: a hello that is
// answered, a count of every byte, so that a loss is told, and acknowledgements, so that what is
// under way is bounded in bytes.

#include "troupe/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace zmq {
class message_t;
}  // namespace zmq

namespace troupe::transports {

enum class ZmqWord : char {
  hello = 'H',    // who connects begins: version, window
  welcome = 'W',  // who listens agrees: version, window
  refusal = 'R',  // who listens does not, or knows of no session: a code, a text
  data = 'D',     // where in the stream its first byte stands, then bytes
  ack = 'A',      // how many bytes were taken, of all
  finish = 'F',   // nothing more comes; how many bytes there were
  bye = 'B',      // the same, and nothing more is read
  probe = 'P',    // whether the other end can be reached; says nothing
};

constexpr std::uint8_t kZmqVersion = 1;
// Bytes that may be under way to an end that has not acknowledged them.
constexpr std::uint32_t kZmqWindow = 1U << 20U;
// Messages of data, too.
constexpr std::size_t kZmqMessages = 512;
// Bytes of the stream in one message at most.
constexpr std::size_t kZmqChunk = 64U << 10U;
constexpr std::size_t kZmqDataHeader = 9;

// A message that came in. Views the message it was read from.
struct ZmqNews {
  ZmqWord word = ZmqWord::probe;
  std::uint8_t version = 0;           // hello, welcome
  std::uint32_t window = 0;           // hello, welcome
  std::uint64_t count = 0;            // data, ack, finish, bye
  std::uint8_t code = 0;              // of a refusal: an Error's
  std::span<const std::byte> rest{};  // data's bytes, a refusal's text

  // A refusal as the error it is.
  Error refusal() const;
};

// Nothing where it is no such message.
std::optional<ZmqNews> read_zmq_news(const zmq::message_t& message) noexcept;

zmq::message_t zmq_greeting(ZmqWord hello_or_welcome);
zmq::message_t zmq_refusal(Code code, std::string_view text);
zmq::message_t zmq_count(ZmqWord ack_finish_or_bye, std::uint64_t count);
zmq::message_t zmq_probe();
// Room for `size` bytes of data after its header, which is written.
zmq::message_t zmq_data(std::uint64_t offset, std::size_t size);

}  // namespace troupe::transports
