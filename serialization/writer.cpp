// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/writer.hpp"

#include <string>
#include <utility>

namespace troupe {

namespace {

constexpr std::size_t kMostDescriptors =
    253;  // what one message on a Unix socket carries (SCM_MAX_FD)

}  // namespace

void Writer::text(std::string_view text) {
  if (fits(text.size(), "a string")) {
    std::byte* const at = wire::put_text_head(room(wire::kMostHead + text.size()), text.size());
    commit(wire::put_raw(at, bytes_of(text)));
  }
}

void Writer::bytes(std::span<const std::byte> bytes) {
  if (fits(bytes.size(), "a byte string")) {
    std::byte* const at = wire::put_bytes_head(room(wire::kMostHead + bytes.size()), bytes.size());
    commit(wire::put_raw(at, bytes));
  }
}

void Writer::borrow(std::span<const std::byte> bytes) {
  if (bytes.size() < kLargePiece) {
    this->bytes(bytes);
  } else if (fits(bytes.size(), "a byte string")) {
    commit(wire::put_bytes_head(room(wire::kMostHead), bytes.size()));
    reference(bytes, {});
  }
}

void Writer::borrow_text(std::string_view text) {
  if (text.size() < kLargePiece) {
    this->text(text);
  } else if (fits(text.size(), "a string")) {
    commit(wire::put_text_head(room(wire::kMostHead), text.size()));
    reference(bytes_of(text), {});
  }
}

void Writer::buffer(const Buffer& buffer) {
  if (buffer.size() < kLargePiece) {
    bytes(buffer.bytes());
  } else if (fits(buffer.size(), "a Buffer")) {
    commit(wire::put_bytes_head(room(wire::kMostHead), buffer.size()));
    reference(buffer.bytes(), buffer);
  }
}

void Writer::array(std::size_t count) {
  if (fits(count, "an array")) {
    commit(wire::put_array_head(room(wire::kMostHead), count));
  }
}

void Writer::map(std::size_t count) {
  if (fits(count, "a map")) {
    commit(wire::put_map_head(room(wire::kMostHead), count));
  }
}

void Writer::extension(std::int8_t code, std::span<const std::byte> payload) {
  if (fits(payload.size(), "an extension")) {
    std::byte* at = room(wire::kMostHead + payload.size());
    at = wire::put_extension_head(at, code, payload.size());
    commit(wire::put_raw(at, payload));
  }
}

void Writer::descriptor(const UniqueFd& fd) {
  if (!fd) {
    nil();
    return;
  }
  if (out_.fds.size() == kMostDescriptors) {
    fail(Error{Code::invalid_argument,
               "a message carries at most " + std::to_string(kMostDescriptors) + " descriptors"});
    return;
  }
  Result<UniqueFd> copy = UniqueFd::duplicate(fd.get());
  if (!copy) {
    fail(copy.error().within("duplicating a descriptor to send it"));
    return;
  }
  std::byte* const at = wire::put_extension_head(room(3), wire::kDescriptorCode, 1);
  commit(wire::put_byte(at, static_cast<std::uint8_t>(out_.fds.size())));
  out_.fds.push_back(std::move(*copy));
}

void Writer::fail(Error error) {
  if (!error_) {
    error_ = std::move(error);
  }
}

void Writer::reference(std::span<const std::byte> bytes, Buffer keep) {
  referenced_ += bytes.size();
  out_.borrowed.push_back({out_.head.size(), bytes, std::move(keep)});
}

bool Writer::fits(std::size_t length, std::string_view what) {
  if (length <= wire::kMostLength) {
    return true;
  }
  fail(Error{Code::invalid_argument, std::string{what} + " of " + std::to_string(length) +
                                         " does not fit the format: at most " +
                                         std::to_string(wire::kMostLength)});
  return false;
}

bool Writer::too_deep() {
  fail(Error{Code::invalid_argument, "the value is nested deeper than " +
                                         std::to_string(limits_.depth) +
                                         " levels: raise EncodeLimits::depth on this side and "
                                         "DecodeLimits::depth on the other"});
  return false;
}

Error Writer::take_back() {
  if (!failed()) {
    fail(Error{Code::invalid_argument, "the message has " + std::to_string(written()) +
                                           " bytes, the limit is " +
                                           std::to_string(limits_.total_bytes) +
                                           ": send less, or raise EncodeLimits::total_bytes"});
  }
  out_.head.truncate(start_.head);
  out_.borrowed.resize(start_.borrowed);
  out_.fds.resize(start_.fds);
  return *error_;
}

}  // namespace troupe
