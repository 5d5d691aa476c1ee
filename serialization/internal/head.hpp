// SPDX-License-Identifier: Apache-2.0
#pragma once

// The head of the next msgpack value: what it is, how long, where its content begins. For what is
// rare and what is unknown; the common forms are read in reader.hpp without it.

#include "troupe/serialization/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::wire {

struct Head {
  Reader::Kind kind = Reader::Kind::end;
  bool negative = false;  // of an integer
  std::int8_t code = 0;   // of an extension
  std::uint64_t value =
      0;  // an integer's or real's bits (a real as float64), true or false, or the length or count
  const std::byte* content = nullptr;  // after the head; kind invalid: where it begins
};

// Reads the head at `at`. The content may be cut off: the caller compares value with what is left.
Head read_head(const std::byte* at, const std::byte* end) noexcept;

// "1 byte", "2 bytes".
std::string counted(std::uint64_t count, std::string_view unit);

// A peer's text in quotes, fit for a line of a log: its beginning, without control characters.
std::string quoted(std::string_view text);

// The digits of an integer.
std::string number_text(const Head& head);

// "a string of 5 bytes", "the integer 300".
std::string describe(const Head& head);

}  // namespace troupe::wire
