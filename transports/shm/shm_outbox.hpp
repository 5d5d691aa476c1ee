// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmOutbox: the sending half of a connection through shared memory. A message that fits the ring
// is a record there as soon as it is sent, and nothing is buffered; a large one goes in pieces, or
// is lent. One thread at a time; loans are dropped on any.

#include "troupe/base/bytes.hpp"
#include "troupe/base/os/event_set.hpp"
#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/options.hpp"
#include "troupe/transports/shm/loan_arena.hpp"
#include "troupe/transports/shm/shm_link.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::transports {

class ShmOutbox final {
 public:
  struct Setup {
    Address peer;
    Framing framing = Framing::python;
    std::size_t max_message = 0;
    std::size_t loans = 0;        // bytes that may be lent at once; 0: nothing is lent
    std::uint32_t lent_from = 0;  // segments, by a process that had this end before
  };

  ShmOutbox(std::shared_ptr<const ShmLink> link, const Setup& setup);
  ShmOutbox(const ShmOutbox&) = delete;
  ShmOutbox& operator=(const ShmOutbox&) = delete;
  ~ShmOutbox();

  // As FrameConnection says.
  Result<Progress> try_send(OutgoingFrame& frame, Lane lane) {
    Way& way = ways_[static_cast<std::size_t>(lane)];
    if (frame.size < way.plain_end && frame.fds.empty() && frame.taken == 0) [[likely]] {
      if (const auto place = way.writer.prepare(frame.size)) [[likely]] {
        copy_all(frame, way.area.at(*place));
        kill_point("send.copied");
        return publish(way, {static_cast<std::uint32_t>(frame.size), RecordHeader::Kind::message});
      }
    }
    return send_otherwise(frame, lane);
  }
  void take_over(OutgoingFrame& frame);
  Result<Progress> try_flush();
  std::size_t buffered() const noexcept;
  Readiness writable() const noexcept;
  Result<std::optional<Loan>> try_lend(std::size_t bytes);
  std::string loan_holders() const;

  // Whether another process may go on with this half; and what it needs.
  Result<void> prepare_to_leave();
  void leave() const noexcept;
  std::uint32_t lent_from() const noexcept { return arena_->lent_from(); }

  void close() noexcept;

 private:
  using Kind = RecordHeader::Kind;

  // What goes one way: a lane.
  struct Way {
    SharedArea area;
    ShmWriter writer;
    std::size_t plain_end = 0;  // smaller messages are one record, if they have no descriptors
    const OutgoingFrame* begun = nullptr;  // a frame of which a part has left
    Bytes rest{};                          // of a frame that was taken over
    std::size_t rest_sent = 0;
  };

  static void copy_all(const OutgoingFrame& frame, std::byte* place) noexcept;

  Result<Progress> publish(Way& way, RecordHeader header) {
    way.writer.commit(header);
    const auto found = link_->outgoing().reader.look_for_sleeper(takes_part_);
    if (found == ShmSleepWord::Found::nobody) [[likely]] {
      return Progress::done;
    }
    return wake(found);
  }
  Result<Progress> wake(ShmSleepWord::Found found);

  Result<Progress> send_otherwise(OutgoingFrame& frame, Lane lane);
  Result<Progress> send_by(Way& way, OutgoingFrame& frame);
  Result<void> check_sendable(const OutgoingFrame& frame) const;
  Result<std::optional<std::size_t>> room_for(Way& way, std::size_t content);
  Result<void> lie_down();
  void get_up() noexcept;
  Result<Progress> send_descriptors(const Way& way, std::span<UniqueFd> fds);
  Result<Progress> send_pieces(OutgoingFrame& frame, Way& way);
  Result<std::optional<Progress>> send_loaned(OutgoingFrame& frame, Way& way);
  bool is_worth_a_loan(const OutgoingFrame& frame, std::span<const std::byte> piece) const noexcept;
  bool refer_to_parts(const OutgoingFrame& frame);
  void write_loaned(const OutgoingFrame& frame, std::byte* at) const noexcept;
  Result<Progress> flush_rest(Way& way);
  Result<Progress> tell_news();
  template <class Fd>
  Result<Progress> say(ShmNote note, std::span<Fd> fds);
  Error failed(const Error& error);
  Error ended();
  void decide_plain() noexcept;

  const std::shared_ptr<const ShmLink> link_;
  const Setup setup_;
  const std::shared_ptr<LoanArena> arena_;
  const bool takes_part_;  // in os::make_all_visible
  std::array<Way, 2> ways_;
  std::optional<os::EventSet> waits_;  // made at the first wait
  bool socket_is_full_ = false;        // with what the peer has not heard yet
  bool refused_ = false;               // somebody was told to wait
  std::optional<Error> error_;
  // Of a loaned message under way; kept for their memory.
  std::vector<LoanReference> references_;
};

}  // namespace troupe::transports
