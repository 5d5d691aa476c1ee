// SPDX-License-Identifier: Apache-2.0
#pragma once

// msgpack-c used directly, with the counterparts of messages.hpp: each struct lists its members.
// Packs into a buffer that is kept; unpacks into a zone that is kept, with text left where it
// arrived until it is converted: the fastest that its interface offers.

#include <msgpack.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench::packed {

struct Line {
  std::uint64_t number = 0;
  std::string text;
  MSGPACK_DEFINE(number, text)
};

struct Point {
  double x = 0;
  double y = 0;
  double z = 0;
  MSGPACK_DEFINE(x, y, z)
};

struct Track {
  std::uint64_t id = 0;
  std::string name;
  std::vector<Point> points;
  std::map<std::string, std::int64_t> counts;
  std::optional<std::string> note;
  MSGPACK_DEFINE(id, name, points, counts, note)
};

struct Survey {
  std::string host;
  std::uint64_t begun = 0;
  std::vector<Track> tracks;
  std::vector<std::string> tags;
  MSGPACK_DEFINE(host, begun, tracks, tags)
};

class Encoder final {
 public:
  // Valid until the next call.
  template <class Message>
  std::span<const std::byte> encode(const Message& message) {
    buffer_.clear();
    msgpack::pack(buffer_, message);
    return std::as_bytes(std::span{buffer_.data(), buffer_.size()});
  }

 private:
  msgpack::sbuffer buffer_;
};

class Decoder final {
 public:
  template <class Message>
  Message decode(std::span<const std::byte> bytes) {
    const auto stays = [](msgpack::type::object_type, std::size_t, void*) { return true; };
    const msgpack::object object =
        msgpack::unpack(zone_, reinterpret_cast<const char*>(bytes.data()), bytes.size(), stays);
    Message message;
    object.convert(message);
    zone_.clear();
    return message;
  }

 private:
  msgpack::zone zone_;
};

}  // namespace bench::packed
