// SPDX-License-Identifier: Apache-2.0
#pragma once

// Messages that tell their place in a stream, so that one that is lost, doubled, out of order or
// changed shows. What tests between processes send each other.

#include "troupe/base/bytes.hpp"
#include "troupe/runtime/channel/connection.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstring>

namespace troupe::harness {

// Of 8 to 3007 bytes, as the number says; now and then more than a small ring holds.
inline Bytes numbered(std::uint64_t number) {
  const std::uint64_t size = number % 64 == 63 ? 20'000 : 8 + number * 7919 % 3000;
  Bytes message(size, static_cast<std::byte>(number));
  std::memcpy(message.data(), &number, sizeof number);
  return message;
}

// The numbers from `first` on, up to but not with `end`.
inline void send_numbers(Connection& connection, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t number = first; number < end; ++number) {
    const auto sent = connection.send_bytes(numbered(number));
    ASSERT_TRUE(sent) << number << ": " << sent.error().what();
  }
  const auto flushed = connection.flush();
  EXPECT_TRUE(flushed) << flushed.error().what();
}

inline void receive_numbers(Connection& connection, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t number = first; number < end; ++number) {
    const auto message = connection.receive_bytes();
    ASSERT_TRUE(message) << number << ": " << message.error().what();
    ASSERT_EQ(*message, numbered(number)) << number;
  }
}

// Sends each number, and receives it back, before the next.
inline void bounce_numbers(Connection& connection, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t number = first; number < end; ++number) {
    send_numbers(connection, number, number + 1);
    receive_numbers(connection, number, number + 1);
  }
}

// What bounce_numbers wants at the other end, until the peer closes or is gone.
inline void echo_all(Connection& connection) {
  for (auto message = connection.receive_bytes(); message; message = connection.receive_bytes()) {
    if (!connection.send_bytes(*message)) {
      return;
    }
  }
}

// Connects to a listener that is about to come; again, where one is killed while it is asked.
inline Connection connect_soon(RuntimeCore& runtime, const Address& address) {
  for (;;) {
    if (auto end = connect(runtime, address, {}, std::chrono::seconds{1})) {
      return std::move(*end);
    }
  }
}

inline bool says(const Error& error, std::string_view text) {
  return std::string_view{error.what()}.find(text) != std::string_view::npos;
}

}  // namespace troupe::harness
