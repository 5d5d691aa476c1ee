// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_words.hpp"

#include <zmq.hpp>

#include <algorithm>
#include <cstring>
#include <string>

namespace troupe::transports {
namespace {

constexpr std::size_t kGreeting = 6;  // word, version, window

template <class T>
T read_number(std::span<const std::byte> bytes) noexcept {
  T number = 0;
  for (const std::byte byte : bytes.first(sizeof(T))) {
    number = static_cast<T>(number << 8U) | std::to_integer<T>(byte);
  }
  return number;
}

template <class T>
void write_number(std::span<std::byte> place, T number) noexcept {
  for (std::size_t i = sizeof(T); i-- > 0; number = static_cast<T>(number >> 8U)) {
    place[i] = static_cast<std::byte>(number & 0xffU);
  }
}

std::span<std::byte> bytes_of(zmq::message_t& message) noexcept {
  return {static_cast<std::byte*>(message.data()), message.size()};
}

zmq::message_t begin(ZmqWord word, std::size_t size) {
  zmq::message_t message{size};
  bytes_of(message)[0] = static_cast<std::byte>(word);
  return message;
}

}  // namespace

std::optional<ZmqNews> read_zmq_news(const zmq::message_t& message) noexcept {
  std::span bytes{static_cast<const std::byte*>(message.data()), message.size()};
  if (bytes.empty()) {
    return std::nullopt;
  }
  ZmqNews news{.word = static_cast<ZmqWord>(std::to_integer<char>(bytes[0]))};
  bytes = bytes.subspan(1);
  switch (news.word) {
    case ZmqWord::hello:
    case ZmqWord::welcome:
      // A later version may say more.
      if (bytes.size() < kGreeting - 1) {
        return std::nullopt;
      }
      news.version = std::to_integer<std::uint8_t>(bytes[0]);
      news.window = read_number<std::uint32_t>(bytes.subspan(1));
      return news;
    case ZmqWord::refusal:
      if (bytes.empty()) {
        return std::nullopt;
      }
      news.code = std::to_integer<std::uint8_t>(bytes[0]);
      news.rest = bytes.subspan(1);
      return news;
    case ZmqWord::data:
    case ZmqWord::ack:
    case ZmqWord::finish:
    case ZmqWord::bye:
      if (bytes.size() < sizeof news.count ||
          (news.word != ZmqWord::data && bytes.size() != sizeof news.count)) {
        return std::nullopt;
      }
      news.count = read_number<std::uint64_t>(bytes);
      news.rest = bytes.subspan(sizeof news.count);
      return news;
    case ZmqWord::probe:
      return news;
  }
  return std::nullopt;
}

zmq::message_t zmq_greeting(ZmqWord hello_or_welcome) {
  auto message = begin(hello_or_welcome, kGreeting);
  bytes_of(message)[1] = std::byte{kZmqVersion};
  write_number(bytes_of(message).subspan(2), kZmqWindow);
  return message;
}

Error ZmqNews::refusal() const {
  constexpr std::size_t kMostText = 1000;
  std::string text;
  for (const std::byte byte : rest.first(std::min(rest.size(), kMostText))) {
    text += std::to_integer<char>(byte);
  }
  const auto known = static_cast<Code>(code);
  const bool may_pass = known == Code::not_found || known == Code::overloaded;
  return {may_pass ? known : Code::refused, "the listener says: " + text};
}

zmq::message_t zmq_refusal(Code code, std::string_view text) {
  auto message = begin(ZmqWord::refusal, 2 + text.size());
  bytes_of(message)[1] = static_cast<std::byte>(code);
  std::memcpy(bytes_of(message).subspan(2).data(), text.data(), text.size());
  return message;
}

zmq::message_t zmq_count(ZmqWord ack_finish_or_bye, std::uint64_t count) {
  auto message = begin(ack_finish_or_bye, 1 + sizeof count);
  write_number(bytes_of(message).subspan(1), count);
  return message;
}

zmq::message_t zmq_probe() {
  return begin(ZmqWord::probe, 1);
}

zmq::message_t zmq_data(std::uint64_t offset, std::size_t size) {
  auto message = begin(ZmqWord::data, kZmqDataHeader + size);
  write_number(bytes_of(message).subspan(1), offset);
  return message;
}

}  // namespace troupe::transports
