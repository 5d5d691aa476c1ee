// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmInbox: the receiving half of a connection through shared memory. What a message says is copied
// out before it is looked at, since the peer could change it meanwhile; what it lends is viewed
// where it is, and changes only if the peer is evil. One thread at a time; views go on any.

#include "troupe/base/buffer.hpp"
#include "troupe/base/os/event_set.hpp"
#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/options.hpp"
#include "troupe/transports/shm/shm_link.hpp"
#include "troupe/transports/shm/shm_notes.hpp"
#include "troupe/transports/stream/large_body.hpp"
#include "troupe/transports/stream/raw_bytes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

namespace troupe::transports {

class ShmInbox final {
 public:
  // `greeted`: the peer will not say which build it is: it is this one, or has said so. Errors:
  // overloaded (descriptors are short), system.
  static Result<std::unique_ptr<ShmInbox>> create(std::shared_ptr<const ShmLink> link,
                                                  const Address& peer, std::size_t max_message,
                                                  bool greeted);
  ShmInbox(const ShmInbox&) = delete;
  ShmInbox& operator=(const ShmInbox&) = delete;
  ~ShmInbox();

  // As FrameConnection says.
  Result<Progress> try_receive(IncomingFrame& frame, std::span<std::byte> destination, From from) {
    if (!unusual_) [[likely]] {
      for (Way& way : ways_) {
        const auto record = way.reader.look();
        if (!record) {
          continue;
        }
        if (record->header.kind == Kind::message && record->header.descriptors == 0 &&
            record->header.size <= plain_limit_) [[likely]] {
          frame.body = copy_out(way, *record, destination);
          kill_point("receive.copied");
          take(way, *record);
          return Progress::done;
        }
        return receive_otherwise(frame, destination, from);
      }
      if (from == From::buffer) {
        return Progress::would_block;
      }
    }
    return receive_otherwise(frame, destination, from);
  }
  void leave_destination();
  void set_receive_limit(std::size_t bytes) noexcept {
    receive_limit_ = bytes;
    plain_limit_ = std::min(bytes, scratch_size_);
  }
  std::span<UniqueFd> fds() noexcept { return fds_; }
  void drop_fds() noexcept { fds_.clear(); }
  bool arm();
  Readiness readable() const noexcept;

  // Whether another process may go on with this half; and what it needs.
  Result<void> can_leave() const;
  void leave() const noexcept;
  BorrowedLoans& loans() noexcept { return notes_.loans(); }
  bool greeted() const noexcept { return notes_.greeted(); }
  // A message that another process received and did not take: it comes first.
  void preload(Buffer message);

  void close();

 private:
  using Kind = RecordHeader::Kind;

  struct Way {
    SharedArea area;
    ShmReader reader;
    LargeBody large{};  // a message that comes in pieces
    std::vector<UniqueFd> large_fds{};
  };

  ShmInbox(std::shared_ptr<const ShmLink> link, Address peer, os::EventSet waits,
           std::size_t max_message, bool greeted);

  std::span<const std::byte> copy_out(const Way& way, const ShmReader::Record& record,
                                      std::span<std::byte> destination) noexcept {
    const std::size_t size = record.header.size;
    const std::span<std::byte> place =
        size <= destination.size() && size > 0 ? destination : std::span{scratch_.get(), size};
    std::memcpy(place.data(), way.area.at(record.offset), size);
    return place.first(size);
  }
  void take(Way& way, const ShmReader::Record& record) noexcept {
    waited_ = false;
    if (way.reader.take(record)) [[unlikely]] {
      give_back(way);
    }
  }
  void give_back(Way& way) noexcept;
  Lane lane_of(const Way& way) const noexcept { return static_cast<Lane>(&way - ways_.data()); }

  Result<Progress> receive_otherwise(IncomingFrame& frame, std::span<std::byte> destination,
                                     From from);
  Result<Progress> receive_next(IncomingFrame& frame, std::span<std::byte> destination);
  Result<Progress> receive_record(Way& way, const ShmReader::Record& record, IncomingFrame& frame,
                                  std::span<std::byte> destination);
  Result<Progress> receive_piece(Way& way, const ShmReader::Record& record, IncomingFrame& frame,
                                 std::span<std::byte> destination);
  Result<Progress> receive_loaned(Way& way, const ShmReader::Record& record, IncomingFrame& frame,
                                  std::span<std::byte> destination);
  Result<std::size_t> find(std::span<const LoanReference> references, std::size_t rest,
                           std::span<std::span<const std::byte>> parts);
  Result<void> hear();
  bool has_record() noexcept;
  void make_visible() const noexcept;
  Error failed(const Error& error);
  Error above_limit(std::uint64_t size) const;
  Error ended();

  const std::shared_ptr<const ShmLink> link_;
  const Address peer_;
  os::EventSet waits_;
  const bool takes_part_;  // in os::make_all_visible
  std::array<Way, 2> ways_;
  std::size_t receive_limit_;
  std::size_t scratch_size_;  // no honest record is larger
  std::size_t plain_limit_;   // the lesser of both
  RawBytes scratch_;          // the last small message
  bool unusual_ = false;      // the next call has more to look at than the rings
  bool waited_ = false;       // and nothing has come since
  bool woken_in_vain_ = false;
  bool promised_ = false;  // to make all visible before the next sleep

  std::vector<UniqueFd> fds_;  // of the message just taken
  ShmNotes notes_;
  std::vector<DetachedBytes> detached_;  // of the message just taken
  std::optional<Buffer> preloaded_;
  std::optional<Error> error_;
};

}  // namespace troupe::transports
