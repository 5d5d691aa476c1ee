// SPDX-License-Identifier: Apache-2.0
// The receiving half of StreamConnection.
#include "troupe/transports/stream/frame_header.hpp"
#include "troupe/transports/stream/stream_connection.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace troupe::transports {
namespace {

// Bodies above this are read straight into memory of their own.
constexpr std::size_t kLarge = 64U << 10U;

bool is_text(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) {
    const auto letter = std::to_integer<unsigned char>(byte);
    return (letter >= 0x20 && letter < 0x7f) || letter == '\n' || letter == '\r' || letter == '\t';
  });
}

// How a TLS record begins: an alert or a handshake, of a version 3.x, of at most 16 KiB and a bit.
bool is_tls(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && (bytes[0] == std::byte{21} || bytes[0] == std::byte{22}) &&
         bytes[1] == std::byte{3} && bytes[2] <= std::byte{4} && bytes[3] <= std::byte{0x41};
}

}  // namespace

Result<Progress> StreamConnection::try_receive(IncomingFrame& frame,
                                               std::span<std::byte> destination, From from) {
  if (!frame.storage.empty()) [[unlikely]] {
    frame.storage = {};
  }
  if (setup_.framing == Framing::python && !receive_error_ && fds_.empty() && !large_.active() &&
      take_whole(frame)) [[likely]] {
    return Progress::done;
  }
  from_ = from;
  if (receive_error_) {
    return *receive_error_;
  }
  if (auto dropped = drop_taken_fds(); !dropped) {
    return dropped.error();
  }
  if (large_.active()) {
    return receive_large(frame);
  }
  switch (setup_.framing) {
    case Framing::python:
      return receive_framed(frame, destination);
    case Framing::lines:
      return receive_line(frame);
    case Framing::raw:
      return receive_raw(frame);
  }
  return Progress::would_block;
}

// The usual case: a small message that has arrived here whole.
bool StreamConnection::take_whole(IncomingFrame& frame) noexcept {
  const auto unread = receive_buffer_.unread();
  if (unread.size() < kShortHeader) {
    return false;
  }
  std::uint32_t length = 0;
  std::memcpy(&length, unread.data(), sizeof length);
  length = big_endian(length);
  const std::size_t whole = kShortHeader + length;
  if (length > kMaxShort || length > receive_limit_ || unread.size() < whole) {
    return false;
  }
  frame.body = unread.subspan(kShortHeader, length);
  receive_buffer_.take(whole);
  bytes_taken_ += whole;
  return true;
}

Result<Progress> StreamConnection::receive_framed(IncomingFrame& frame,
                                                  std::span<std::byte> destination) {
  for (;;) {
    const auto unread = receive_buffer_.unread();
    std::size_t least = 1;
    if (const auto header = parse_header(unread)) {
      if (header->negative || header->length > receive_limit_) {
        return receive_failed(bad_length(header->length, header->negative));
      }
      const auto first = unread.subspan(header->size);
      if (first.size() >= header->length) {
        frame.body = first.first(header->length);
        receive_buffer_.take(header->size + header->length);
        bytes_taken_ += header->size + header->length;
        return Progress::done;
      }
      if (header->length > kLarge) {
        receive_buffer_.take(unread.size());
        bytes_taken_ += header->size;
        large_.begin(header->length, first, destination);
        return receive_large(frame);
      }
      least = header->length - first.size();
    }
    auto read = read_more(least);
    if (!read || *read == Progress::would_block) {
      return read;
    }
    if (at_end_) {
      if (receive_buffer_.unread().empty()) {
        return receive_failed(Error{Code::closed, "the peer has closed the connection"});
      }
      return receive_failed(Error{Code::malformed, "the connection ended inside a message"});
    }
  }
}

Result<Progress> StreamConnection::receive_large(IncomingFrame& frame) {
  while (!large_.complete()) {
    const auto body = large_.room();
    // What follows the end of the body in the same read belongs to the next frames.
    const auto after =
        body.size() == large_.missing() ? receive_buffer_.room() : std::span<std::byte>{};
    std::array<iovec, 2> places{iovec{body.data(), body.size()}, iovec{after.data(), after.size()}};
    const auto moved = read(std::span{places}.first(after.empty() ? 1 : 2));
    if (!moved) {
      return moved.error();
    }
    if (moved->status == Transfer::Status::would_block) {
      return Progress::would_block;
    }
    if (moved->status == Transfer::Status::end) {
      return receive_failed(Error{Code::malformed, "the connection ended inside a message"});
    }
    const std::size_t of_body = std::min(moved->bytes, body.size());
    large_.added(of_body);
    receive_buffer_.added(moved->bytes - of_body);
  }
  frame.body = large_.finish(frame.storage);
  bytes_taken_ += frame.body.size();
  return Progress::done;
}

Result<Progress> StreamConnection::receive_line(IncomingFrame& frame) {
  for (;;) {
    const auto unread = receive_buffer_.unread();
    const auto fresh = unread.subspan(scanned_);
    const auto* end =
        fresh.empty()
            ? nullptr
            : static_cast<const std::byte*>(std::memchr(fresh.data(), '\n', fresh.size()));
    const bool last =
        end == nullptr && at_end_ && !unread.empty();  // a last line without a line end
    const std::size_t length =
        end != nullptr ? static_cast<std::size_t>(end - unread.data()) : unread.size();
    if (length > receive_limit_) {
      return receive_failed(Error{Code::malformed, "a line is longer than the limit of " +
                                                       std::to_string(receive_limit_) + " bytes"});
    }
    if (end != nullptr || last) {
      frame.body = unread.first(length);
      receive_buffer_.take(last ? length : length + 1);
      bytes_taken_ += last ? length : length + 1;
      scanned_ = 0;
      return Progress::done;
    }
    if (at_end_) {
      return receive_failed(Error{Code::closed, "the peer has closed the connection"});
    }
    scanned_ = unread.size();
    auto read = read_more(1);
    if (!read || *read == Progress::would_block) {
      return read;
    }
  }
}

Result<Progress> StreamConnection::receive_raw(IncomingFrame& frame) {
  if (receive_buffer_.unread().empty()) {
    auto read = read_more(1);
    if (!read || *read == Progress::would_block) {
      return read;
    }
    if (at_end_) {
      return receive_failed(Error{Code::closed, "the peer has closed the connection"});
    }
  }
  const auto unread = receive_buffer_.unread();
  frame.body = unread.first(std::min(unread.size(), receive_limit_));
  receive_buffer_.take(frame.body.size());
  bytes_taken_ += frame.body.size();
  return Progress::done;
}

Result<Transfer> StreamConnection::read(std::span<iovec> places) {
  if (from_ == From::buffer && !stream_->holds_received()) {
    return Transfer{Transfer::Status::would_block, 0};
  }
  const std::size_t fds_before = fds_.size();
  auto moved = stream_->try_read(places, fds_);
  if (!moved) {
    return receive_failed(moved.error());
  }
  bytes_read_ += moved->bytes;
  if (fds_.size() > fds_before) {
    arrivals_.push_back({fds_.size() - fds_before, bytes_read_});
  }
  return moved;
}

// Done at the end of the stream too: at_end_ tells.
Result<Progress> StreamConnection::read_more(std::size_t least) {
  const auto room = receive_buffer_.room(least);
  std::array<iovec, 1> place{iovec{room.data(), room.size()}};
  const auto moved = read(place);
  if (!moved) {
    return moved.error();
  }
  if (moved->status == Transfer::Status::would_block) {
    return Progress::would_block;
  }
  at_end_ = moved->status == Transfer::Status::end;
  receive_buffer_.added(moved->bytes);
  return Progress::done;
}

bool StreamConnection::arm_receive() {
  return receive_error_ || at_end_ || has_whole() || stream_->arm();
}

// A frame, or an error, is in the buffer.
bool StreamConnection::has_whole() const noexcept {
  const auto unread = receive_buffer_.unread();
  switch (setup_.framing) {
    case Framing::python: {
      const auto header = large_.active() ? std::nullopt : parse_header(unread);
      return header && (header->negative || header->length > receive_limit_ ||
                        unread.size() - header->size >= header->length);
    }
    case Framing::lines:
      return unread.size() > receive_limit_ ||
             std::ranges::find(unread.subspan(scanned_), std::byte{'\n'}) != unread.end();
    case Framing::raw:
      return !unread.empty();
  }
  return false;
}

// Those that the last message did not mention belong to later ones, unless there can be no such
// message.
Result<void> StreamConnection::drop_taken_fds() {
  std::size_t taken = 0;
  for (bool more = true; more && !arrivals_.empty();) {
    Arrival& arrival = arrivals_.front();
    const auto next = fds_.begin() + static_cast<std::ptrdiff_t>(taken);
    const auto came = std::span{next, arrival.fds};
    const auto first = std::ranges::find_if(came, &UniqueFd::operator bool);
    const auto moved_out = static_cast<std::size_t>(first - came.begin());
    more = arrival.until <= bytes_taken_;
    if (more && first != came.end()) {
      return receive_failed(
          Error{Code::malformed, "file descriptors came that no message mentions"});
    }
    taken += moved_out;
    arrival.fds -= moved_out;
    if (more) {
      arrivals_.erase(arrivals_.begin());
    }
  }
  fds_.erase(fds_.begin(), fds_.begin() + static_cast<std::ptrdiff_t>(taken));
  return {};
}

void StreamConnection::drop_fds() noexcept {
  auto next = fds_.begin();
  for (const Arrival& arrival : arrivals_) {
    if (arrival.until > bytes_taken_) {
      return;
    }
    for (std::size_t i = 0; i < arrival.fds; ++i) {
      (next++)->reset();
    }
  }
}

bool StreamConnection::holds_fds() const noexcept {
  return std::ranges::any_of(fds_, &UniqueFd::operator bool);
}

Readiness StreamConnection::readable() const noexcept {
  return stream_ != nullptr ? stream_->readable() : Readiness{};
}

Error StreamConnection::receive_failed(const Error& error) {
  receive_error_ = error.within("receive from " + setup_.peer.text());
  return *receive_error_;
}

Error StreamConnection::bad_length(std::uint64_t length, bool negative) const {
  const auto head = receive_buffer_.unread().first(kShortHeader);
  std::string what = negative ? "a frame header announces a negative length"
                              : "a frame announces " + std::to_string(length) +
                                    " bytes, above the limit of " + std::to_string(receive_limit_) +
                                    " (ConnectOptions::max_message)";
  if (is_text(head)) {
    what += "; the bytes look like text: if the peer sends lines, use framing=lines";
  } else if (is_tls(head)) {
    what += "; the bytes look like TLS: is the peer's address tls: and this one not?";
  }
  return Error{Code::malformed, std::move(what)};
}

}  // namespace troupe::transports
