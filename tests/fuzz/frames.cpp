// SPDX-License-Identifier: Apache-2.0
// Receives a stream of bytes, in portions, with each framing, and holds the engine to a second
// reading of the same bytes that is too simple to be wrong: the same messages, the same end.
// The first bytes of the input choose framing, limit and portions.
#include "scripted_stream.hpp"
#include "troupe/base/check.hpp"
#include "troupe/transports/stream/stream_connection.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace {

using troupe::Bytes;
using troupe::Code;
using troupe::Framing;
using troupe::transports::IncomingFrame;
using troupe::transports::Progress;
using troupe::transports::StreamConnection;
using Span = std::span<const std::byte>;

struct Reading {
  std::vector<Bytes> messages;
  Code end = Code::closed;
};

std::uint64_t number(Span bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) {
    value = value << 8U | std::to_integer<std::uint64_t>(byte);
  }
  return value;
}

Reading read_frames(Span bytes, std::size_t limit) {
  Reading reading;
  while (!bytes.empty()) {
    std::size_t header = 4;
    if (bytes.size() < header) {
      return {std::move(reading.messages), Code::malformed};
    }
    std::uint64_t length = number(bytes.first(4));
    if (length == 0xffffffffU) {
      header = 12;
      if (bytes.size() < header) {
        return {std::move(reading.messages), Code::malformed};
      }
      length = number(bytes.subspan(4, 8));
    } else if (length > 0x7fffffffU) {
      return {std::move(reading.messages), Code::malformed};
    }
    if (length > limit || bytes.size() - header < length) {
      return {std::move(reading.messages), Code::malformed};
    }
    const auto body = bytes.subspan(header, static_cast<std::size_t>(length));
    reading.messages.emplace_back(body.begin(), body.end());
    bytes = bytes.subspan(header + body.size());
  }
  return reading;
}

Reading read_lines(Span bytes, std::size_t limit) {
  Reading reading;
  while (!bytes.empty()) {
    const auto end = std::ranges::find(bytes, std::byte{'\n'});
    const auto length = static_cast<std::size_t>(end - bytes.begin());
    if (length > limit) {
      return {std::move(reading.messages), Code::malformed};
    }
    reading.messages.emplace_back(bytes.begin(), end);
    bytes = bytes.subspan(std::min(bytes.size(), length + 1));
  }
  return reading;
}

// In raw framing only the bytes in their order are promised.
Reading read_raw(Span bytes) {
  return {{Bytes(bytes.begin(), bytes.end())}, Code::closed};
}

Reading receive_all(Span bytes, std::uint32_t seed, Framing framing, std::size_t limit,
                    std::size_t place_size) {
  StreamConnection connection{
      std::make_unique<troupe_fuzz::ScriptedStream>(bytes, seed),
      {.peer = "unix:fuzz", .capabilities = {}, .framing = framing, .max_message = limit}};
  Reading reading;
  Bytes place(place_size);
  for (unsigned turn = 0;; ++turn) {
    IncomingFrame frame;
    const bool armed = connection.arm_receive();
    const auto received = connection.try_receive(
        frame, place, armed ? troupe::transports::From::buffer : troupe::transports::From::kernel);
    if (!received) {
      reading.end = received.error().code();
      const auto again = connection.try_receive(frame, {}, troupe::transports::From::kernel);
      TROUPE_CHECK(!again && again.error() == reading.end);
      TROUPE_CHECK(connection.arm_receive());
      return reading;
    }
    if (*received == Progress::would_block) {
      if (armed) {  // the end needs a look at the kernel
        const auto end = connection.try_receive(frame, {}, troupe::transports::From::kernel);
        TROUPE_CHECK(!end);
        reading.end = end.error().code();
        return reading;
      }
      if (turn % 16 == 0) {
        connection.leave_destination();
        place = Bytes(place_size);  // a sanitizer sees who still writes to the old one
      }
      continue;
    }
    TROUPE_CHECK(frame.body.size() <= limit);
    if (framing == Framing::raw && !reading.messages.empty()) {
      reading.messages.back().insert(reading.messages.back().end(), frame.body.begin(),
                                     frame.body.end());
    } else {
      reading.messages.emplace_back(frame.body.begin(), frame.body.end());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kChoices = 4;
  if (size < kChoices) {
    return 0;
  }
  const Span bytes = std::as_bytes(std::span{data, size}).subspan(kChoices);
  constexpr std::size_t kLimits[] = {1, 10, 1000, 80'000, 1U << 20U, SIZE_MAX};
  const std::size_t limit = kLimits[data[1] % std::size(kLimits)];
  const auto framing = static_cast<Framing>(data[0] % 3);
  const std::uint32_t seed = data[2] * 7919U;
  const Reading found = receive_all(bytes, seed, framing, limit, std::size_t{data[3]} * 512U);
  Reading due;
  switch (framing) {
    case Framing::python:
      due = read_frames(bytes, limit);
      break;
    case Framing::lines:
      due = read_lines(bytes, limit);
      break;
    case Framing::raw:
      due = bytes.empty() ? Reading{} : read_raw(bytes);
      break;
  }
  TROUPE_CHECK(found.messages == due.messages);
  TROUPE_CHECK(found.end == due.end);
  return 0;
}
