// SPDX-License-Identifier: Apache-2.0
#pragma once

// StreamConnection: frames over a ByteStream; the one engine of pipe, fifo, unix, tcp and tls,
// which differ only in how they are opened. Small frames are gathered in a buffer and leave
// together; a large one, or one with descriptors, leaves straight from the caller's memory.
// Received frames are parsed where they were read. Threads: as FrameConnection says.

#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/stream/byte_stream.hpp"
#include "troupe/transports/stream/frame_header.hpp"
#include "troupe/transports/stream/large_body.hpp"
#include "troupe/transports/stream/receive_buffer.hpp"
#include "troupe/transports/stream/send_buffer.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace troupe::transports {

class StreamConnection final : public FrameConnection {
 public:
  // Frames up to this size are copied into the send buffer; larger ones leave from where they are.
  static constexpr std::size_t kCopyLimit = 16U << 10U;
  // What the send buffer holds at most before a send would block.
  static constexpr std::size_t kBufferLimit = 64U << 10U;

  struct Setup {
    Address peer;
    Capabilities capabilities;
    Framing framing = Framing::python;
    std::size_t max_message = 0;
  };

  StreamConnection(std::unique_ptr<ByteStream> stream, Setup setup);
  ~StreamConnection() override;

  Capabilities capabilities() const noexcept override { return setup_.capabilities; }
  const Address& peer() const noexcept override { return setup_.peer; }
  std::string peer_key() const override { return stream_->peer_key(); }

  Result<Progress> try_send(OutgoingFrame& frame, Lane lane, When when) override;
  void take_over(OutgoingFrame& frame) override;
  Result<Progress> try_flush() override;
  Result<Progress> try_finish() override;
  std::size_t buffered() const noexcept override {
    return inside_direct_ ? 0 : send_buffer_.size() + held_;
  }
  Readiness writable() const noexcept override;

  Result<Progress> try_receive(IncomingFrame& frame, std::span<std::byte> destination,
                               From from) override;
  void leave_destination() override { large_.leave_destination(); }
  void set_receive_limit(std::size_t bytes) noexcept override { receive_limit_ = bytes; }
  std::span<UniqueFd> fds() noexcept override { return fds_; }
  void drop_fds() noexcept override;
  bool arm_receive() override;
  Readiness readable() const noexcept override;

  Result<Handover> hand_over(const IncomingFrame* untaken) override;
  void close() noexcept override;

  // Bytes that another process received and handed over with the connection: they come first.
  void preload(std::span<const std::byte> received);

 private:
  Result<void> check_sendable(const OutgoingFrame& frame) const;
  FrameHeader header_of(std::size_t size) const noexcept;
  std::span<const std::byte> trailer() const noexcept;
  std::size_t overhead(const OutgoingFrame& frame) const noexcept;
  bool overtakes(const OutgoingFrame& frame, Lane lane) const noexcept;
  bool is_plain(const OutgoingFrame& frame, Lane lane) const noexcept;
  Result<Progress> queue(const OutgoingFrame& frame, Lane lane);
  void put(const OutgoingFrame& frame, std::byte* place) const;
  bool has_whole() const noexcept;
  void append(const OutgoingFrame& frame);
  void insert_control(const OutgoingFrame& frame);
  Result<Progress> send_direct(OutgoingFrame& frame);
  Result<Progress> flush_held();
  Error send_failed(const Error& error);

  bool take_whole(IncomingFrame& frame) noexcept;
  Result<void> drop_taken_fds();
  bool holds_fds() const noexcept;
  Result<Transfer> read(std::span<iovec> places);
  Result<Progress> read_more(std::size_t least);
  Result<Progress> receive_large(IncomingFrame& frame);
  Result<Progress> receive_framed(IncomingFrame& frame, std::span<std::byte> destination);
  Result<Progress> receive_line(IncomingFrame& frame);
  Result<Progress> receive_raw(IncomingFrame& frame);
  Error receive_failed(const Error& error);
  Error bad_length(std::uint64_t length, bool negative) const;

  const Setup setup_;
  std::unique_ptr<ByteStream> stream_;  // null once closed

  // The sending thread's.
  SendBuffer send_buffer_;
  bool inside_direct_ = false;  // a frame is leaving from the caller's memory
  std::size_t held_ = 0;        // by the stream: written to it, and not gone
  std::optional<Error> send_error_;

  // The receiving thread's.
  ReceiveBuffer receive_buffer_;
  LargeBody large_;
  std::size_t receive_limit_;
  std::size_t scanned_ = 0;  // bytes of an unfinished line that hold no line end
  bool at_end_ = false;
  From from_ = From::kernel;  // of the receive under way
  struct Arrival {
    std::size_t fds = 0;
    std::uint64_t until = 0;  // the frames that mention them begin before this byte
  };
  std::vector<UniqueFd> fds_;      // came; those that a message has taken are empty
  std::vector<Arrival> arrivals_;  // the reads that brought fds_
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_taken_ = 0;
  std::optional<Error> receive_error_;
};

}  // namespace troupe::transports
