// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmNotes: what the peer says by the socket beside the rings: which build it is, descriptors of
// messages to come, and memory that it lends from. Heard only when a record mentions it, or when
// this end was woken by no message. One thread at a time.

#include "troupe/base/bytes.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/shm/borrowed_loans.hpp"
#include "troupe/transports/shm/shm_link.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace troupe::transports {

class ShmNotes final {
 public:
  // `greeted`: the peer will not say which build it is: it is this one, or has said so.
  ShmNotes(std::shared_ptr<const ShmLink> link, bool greeted)
      : link_(std::move(link)), loans_(link_), greeted_(greeted) {}

  // Takes all that has been said. Errors: malformed, refused (another build), overloaded, system.
  Result<void> hear_all();
  // The last holder of the other end is gone, as far as was heard.
  bool peer_is_gone() const noexcept { return peer_gone_; }
  bool greeted() const noexcept { return greeted_; }

  // The `count` descriptors of the record that is next in its lane; they were sent before it.
  // Errors: malformed (they were not), those of hear_all.
  Result<void> take_descriptors(Lane lane, std::size_t count, std::vector<UniqueFd>& into);
  // The memory that a record refers to is known from now on; it was sent before it. Errors:
  // likewise.
  Result<void> learn_segment(std::uint32_t id);
  BorrowedLoans& loans() noexcept { return loans_; }

  // Nothing was heard that is not used yet.
  bool empty() const noexcept {
    return batches_[0].empty() && batches_[1].empty() && heard_.empty();
  }
  void close() noexcept;

 private:
  Result<Progress> hear();
  Result<void> understand();
  Result<void> follow(const ShmNote& note);

  const std::shared_ptr<const ShmLink> link_;
  BorrowedLoans loans_;
  bool greeted_;
  bool peer_gone_ = false;
  Bytes heard_;  // and not understood yet: the beginning of a note
  std::vector<UniqueFd> heard_fds_;
  std::array<std::deque<std::vector<UniqueFd>>, 2> batches_;  // of messages to come, by lane
};

}  // namespace troupe::transports
