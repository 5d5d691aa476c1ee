// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/stream/stream_connection.hpp"

#include "troupe/base/check.hpp"
#include "troupe/transports/stream/frame_header.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace troupe::transports {
namespace {

constexpr std::size_t kMaxPieces = 64;  // of one write; more are written in turns

// Describes the rest of a frame, header first, as the kernel wants it. Returns how many pieces.
std::size_t gather(std::span<const std::byte> header, const OutgoingFrame& frame,
                   std::span<const std::byte> trailer, std::array<iovec, kMaxPieces>& out) {
  std::size_t skip = frame.taken;
  std::size_t count = 0;
  const auto add = [&](std::span<const std::byte> piece) {
    const std::size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    if (skipped < piece.size() && count < out.size()) {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): iovec serves reading and writing
      out.at(count++) = {const_cast<std::byte*>(piece.data()) + skipped, piece.size() - skipped};
    }
  };
  add(header);
  for (const auto& piece : frame.pieces) {
    add(piece);
  }
  add(trailer);
  return count;
}

std::span<const std::byte> line_end() {
  static constexpr std::array kLineEnd{std::byte{'\n'}};
  return kLineEnd;
}

}  // namespace

StreamConnection::StreamConnection(std::unique_ptr<ByteStream> stream, Setup setup)
    : setup_(std::move(setup)),
      stream_(std::move(stream)),
      send_buffer_(setup_.framing),
      receive_limit_(setup_.max_message) {}

StreamConnection::~StreamConnection() = default;

void StreamConnection::close() noexcept {
  stream_.reset();
  send_buffer_.clear();
  inside_direct_ = false;
  held_ = 0;
  fds_.clear();
  arrivals_.clear();
  send_error_ = Error{Code::closed, "this end of " + setup_.peer.text() + " is closed"};
  receive_error_ = send_error_;
}

// ---- sending ------------------------------------------------------------------------------------

Result<void> StreamConnection::check_sendable(const OutgoingFrame& frame) const {
  if (send_error_) {
    return *send_error_;
  }
  if (frame.size > setup_.max_message) {
    return Error{Code::invalid_argument,
                 "send to " + setup_.peer.text() + ": a message of " + std::to_string(frame.size) +
                     " bytes is above the limit of " + std::to_string(setup_.max_message) +
                     " (ConnectOptions::max_message)"};
  }
  if (!frame.fds.empty() && !stream_->carries_fds()) {
    return Error{Code::invalid_argument, "send to " + setup_.peer.text() +
                                             ": this transport does not carry file descriptors; "
                                             "try unix: or inproc:"};
  }
  if (setup_.framing == Framing::lines) {
    for (const auto& piece : frame.pieces) {
      if (std::ranges::find(piece, std::byte{'\n'}) != piece.end()) {
        return Error{Code::invalid_argument,
                     "send to " + setup_.peer.text() +
                         ": a message of framing=lines cannot contain a line end"};
      }
    }
  }
  return {};
}

std::size_t StreamConnection::overhead(const OutgoingFrame& frame) const noexcept {
  switch (setup_.framing) {
    case Framing::python:
      return frame.size <= kMaxShort ? kShortHeader : kLongHeader;
    case Framing::lines:
      return 1;
    case Framing::raw:
      return 0;
  }
  return 0;
}

// What stands before a body and after it; empty where the framing has none.
FrameHeader StreamConnection::header_of(std::size_t size) const noexcept {
  return setup_.framing == Framing::python ? encode_header(size) : FrameHeader{};
}

std::span<const std::byte> StreamConnection::trailer() const noexcept {
  return setup_.framing == Framing::lines ? line_end() : std::span<const std::byte>{};
}

// Writes a whole frame of a size that a short header can say.
void StreamConnection::put(const OutgoingFrame& frame, std::byte* place) const {
  if (setup_.framing == Framing::python) {
    const std::uint32_t word = big_endian(static_cast<std::uint32_t>(frame.size));
    std::memcpy(place, &word, sizeof word);
    place += kShortHeader;
  }
  for (const auto& piece : frame.pieces) {
    if (!piece.empty()) {
      std::memcpy(place, piece.data(), piece.size());
      place += piece.size();
    }
  }
  if (setup_.framing == Framing::lines) {
    *place = line_end().front();
  }
}

void StreamConnection::append(const OutgoingFrame& frame) {
  put(frame, send_buffer_.append(overhead(frame) + frame.size));
}

void StreamConnection::insert_control(const OutgoingFrame& frame) {
  put(frame, send_buffer_.insert_control(overhead(frame) + frame.size));
}

Result<Progress> StreamConnection::try_send(OutgoingFrame& frame, Lane lane, When when) {
  if (is_plain(frame, lane)) [[likely]] {
    append(frame);
  } else {
    const bool large = !frame.fds.empty() || overhead(frame) + frame.size > kCopyLimit;
    const bool direct = frame.taken > 0 || (large && !overtakes(frame, lane));
    auto taken = direct ? send_direct(frame) : queue(frame, lane);
    if (!taken || *taken == Progress::would_block) {
      return taken;
    }
  }
  if (when == When::now && !send_buffer_.empty()) {
    if (auto flushed = try_flush(); !flushed) {
      return flushed;
    }
  }
  frame.buffered = buffered();
  return Progress::done;
}

// Descriptors leave with the first byte of a write of their own, so they keep their place in the
// row; so does everything in the framings that have no headers.
bool StreamConnection::overtakes(const OutgoingFrame& frame, Lane lane) const noexcept {
  return lane == Lane::control && setup_.framing == Framing::python && frame.fds.empty() &&
         frame.size <= kMaxShort;
}

// The usual case: a small message that fits the send buffer.
bool StreamConnection::is_plain(const OutgoingFrame& frame, Lane lane) const noexcept {
  return lane == Lane::data && setup_.framing == Framing::python && frame.fds.empty() &&
         frame.size <= kCopyLimit - kShortHeader && frame.size <= setup_.max_message &&
         !send_error_ && send_buffer_.size() + held_ + kShortHeader + frame.size <= kBufferLimit;
}

// Every other small message: control, or without room, or with a framing that has rules of its own.
Result<Progress> StreamConnection::queue(const OutgoingFrame& frame, Lane lane) {
  if (auto sendable = check_sendable(frame); !sendable) {
    return sendable.error();
  }
  if (overtakes(frame, lane)) {
    insert_control(frame);
    return Progress::done;
  }
  const std::size_t total = overhead(frame) + frame.size;
  if (send_buffer_.size() + held_ + total > kBufferLimit) {
    if (auto flushed = try_flush(); !flushed) {
      return flushed;
    }
    if (send_buffer_.size() + held_ + total > kBufferLimit) {
      return Progress::would_block;
    }
  }
  append(frame);
  return Progress::done;
}

Result<Progress> StreamConnection::send_direct(OutgoingFrame& frame) {
  if (frame.taken == 0) {
    if (auto sendable = check_sendable(frame); !sendable) {
      return sendable.error();
    }
  }
  if (send_error_) {
    return *send_error_;
  }
  if (frame.taken == 0) {
    if (inside_direct_) {
      return Progress::would_block;  // a frame of the other lane is leaving
    }
    auto flushed = try_flush();
    if (!flushed || *flushed == Progress::would_block) {
      return flushed;
    }
  }
  const FrameHeader header = header_of(frame.size);
  const std::size_t total = header.size + frame.size + trailer().size();
  std::array<iovec, kMaxPieces> pieces;
  while (frame.taken < total) {
    const std::size_t count = gather(header.span(), frame, trailer(), pieces);
    const auto moved = stream_->try_write(std::span{pieces}.first(count),
                                          frame.taken == 0 ? frame.fds : std::span<UniqueFd>{});
    held_ = stream_->held();
    if (!moved) {
      // Where nothing has left and the link is whole, this frame alone is at fault.
      const bool only_this = frame.taken == 0 && moved.error() != Code::disconnected;
      return only_this ? moved.error().within(setup_.peer.text()) : send_failed(moved.error());
    }
    if (moved->status == Transfer::Status::would_block) {
      inside_direct_ = frame.taken > 0;
      return Progress::would_block;
    }
    frame.taken += moved->bytes;
  }
  inside_direct_ = false;
  return Progress::done;
}

void StreamConnection::take_over(OutgoingFrame& frame) {
  TROUPE_CHECK(inside_direct_ && frame.taken > 0);
  const FrameHeader header = header_of(frame.size);
  std::vector<std::span<const std::byte>> pieces{header.span()};
  pieces.insert(pieces.end(), frame.pieces.begin(), frame.pieces.end());
  pieces.push_back(trailer());
  send_buffer_.push_front_rest(pieces, frame.taken);
  inside_direct_ = false;
}

Result<Progress> StreamConnection::try_flush() {
  if (send_error_) {
    return *send_error_;
  }
  if (inside_direct_) {
    return Progress::done;  // the frame that is leaving takes the buffer along at its end
  }
  while (!send_buffer_.empty()) {
    const auto front = send_buffer_.front();
    std::array<iovec, 1> piece{iovec{front.data(), front.size()}};
    const auto moved = stream_->try_write(piece, {});
    held_ = stream_->held();
    if (!moved) {
      return send_failed(moved.error());
    }
    if (moved->status == Transfer::Status::would_block) {
      return Progress::would_block;
    }
    send_buffer_.consume(moved->bytes);
  }
  return held_ > 0 ? flush_held() : Progress::done;
}

Result<Progress> StreamConnection::flush_held() {
  auto flushed = stream_->try_flush();
  held_ = stream_->held();
  return flushed ? flushed : send_failed(flushed.error());
}

Result<Progress> StreamConnection::try_finish() {
  auto flushed = try_flush();
  if (!flushed || *flushed == Progress::would_block || inside_direct_) {
    return flushed;
  }
  auto finished = stream_->try_finish();
  return finished ? finished : send_failed(finished.error());
}

Error StreamConnection::send_failed(const Error& error) {
  send_error_ = error.within(setup_.peer.text());
  return *send_error_;
}

Readiness StreamConnection::writable() const noexcept {
  return stream_ != nullptr ? stream_->writable() : Readiness{};
}

// ---- both ---------------------------------------------------------------------------------------

Result<Handover> StreamConnection::hand_over(const IncomingFrame* untaken) {
  const std::string doing = "hand " + setup_.peer.text() + " to another process";
  if (stream_ == nullptr) {
    return Error{Code::closed, doing + ": this end is closed"};
  }
  if (!send_buffer_.empty() || inside_direct_) {
    return Error{Code::refused, doing + ": sent messages are still buffered here; flush first"};
  }
  if (holds_fds() || large_.active()) {
    return Error{Code::refused, doing + ": a message is being received; receive it first"};
  }
  auto ends = stream_->duplicate();
  if (!ends) {
    return ends.error().within(doing);
  }
  Bytes received;
  const auto add = [&](std::span<const std::byte> bytes) {
    received.insert(received.end(), bytes.begin(), bytes.end());
  };
  if (untaken != nullptr) {
    add(header_of(untaken->body.size()).span());
    add(untaken->body);
    add(trailer());
  }
  add(receive_buffer_.unread());
  return Handover{.peer = setup_.peer.text(),
                  .framing = setup_.framing,
                  .max_message = setup_.max_message,
                  .received = Buffer::owning(std::move(received)),
                  .input = std::move(ends->input),
                  .output = std::move(ends->output)};
}

void StreamConnection::preload(std::span<const std::byte> received) {
  if (!received.empty()) {
    std::ranges::copy(received, receive_buffer_.room(received.size()).begin());
    receive_buffer_.added(received.size());
    bytes_read_ += received.size();
  }
}

}  // namespace troupe::transports
