// SPDX-License-Identifier: Apache-2.0
#pragma once

// The structs that cross as typed messages. Plain ones, as users write them.

#include "exchange.hpp"
#include "troupe/base/buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench {

// 64 bytes encoded.
struct Line {
  std::uint64_t number = 0;
  std::string text;
};

struct Block {
  std::uint64_t number = 0;
  troupe::Buffer content;
};

// The larger message of the works on the codec: nested, and of many small values.
struct Point {
  double x = 0;
  double y = 0;
  double z = 0;
};

struct Track {
  std::uint64_t id = 0;
  std::string name;
  std::vector<Point> points;
  std::map<std::string, std::int64_t> counts;
  std::optional<std::string> note;
};

struct Survey {
  std::string host;
  std::uint64_t begun = 0;
  std::vector<Track> tracks;
  std::vector<std::string> tags;
};

// A message of about `size` bytes encoded, which for a Line is 64.
template <class Message>
Message example(std::size_t size);

template <>
inline Line example<Line>(std::size_t /*size*/) {
  return {kFirstNumber, std::string(52, 'x')};
}

template <>
inline Block example<Block>(std::size_t size) {
  constexpr std::size_t kAround =
      16;  // the number, and what msgpack puts before it and the content
  return {kFirstNumber, troupe::Buffer::owning(troupe::Bytes(size - kAround, std::byte{1}))};
}

}  // namespace bench
