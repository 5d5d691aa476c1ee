// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_notes.hpp"

#include "troupe/transports/shm/kill_point.hpp"
#include "troupe/transports/stream/fd_messages.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

namespace troupe::transports {

Result<void> ShmNotes::take_descriptors(Lane lane, std::size_t count, std::vector<UniqueFd>& into) {
  auto& batches = batches_.at(static_cast<std::size_t>(lane));
  while (batches.empty()) {
    auto heard = hear();
    if (!heard) {
      return heard.error();
    }
    if (*heard == Progress::would_block) {
      return shm_broken("receive descriptors");
    }
  }
  if (batches.front().size() != count) {
    return shm_broken("receive descriptors");
  }
  into = std::move(batches.front());
  batches.pop_front();
  kill_point("receive.descriptors");
  return {};
}

Result<void> ShmNotes::learn_segment(std::uint32_t id) {
  while (!loans_.knows(id)) {
    auto heard = hear();
    if (!heard) {
      return heard.error();
    }
    if (*heard == Progress::would_block) {
      return shm_broken("receive a loan");
    }
  }
  return {};
}

Result<void> ShmNotes::hear_all() {
  for (;;) {
    const auto heard = hear();
    if (!heard) {
      return heard.error();
    }
    if (*heard == Progress::would_block) {
      return {};
    }
  }
}

// Takes what has been said, as far as one call does; would_block: nothing. An end is the peer's.
Result<Progress> ShmNotes::hear() {
  std::array<std::byte, 256> said;
  iovec place{said.data(), said.size()};
  const auto heard = receive_with_fds(link_->socket.get(), {&place, 1}, heard_fds_);
  if (!heard && heard.error() != Code::disconnected) {
    return heard.error();
  }
  if (!heard || heard->status == Transfer::Status::end) {
    peer_gone_ = true;  // where it had not heard all that we said, by an error
    return Progress::would_block;
  }
  if (heard->status == Transfer::Status::would_block) {
    return Progress::would_block;
  }
  kill_point("receive.heard");
  heard_.insert(heard_.end(), said.begin(),
                said.begin() + static_cast<std::ptrdiff_t>(heard->bytes));
  if (auto understood = understand(); !understood) {
    return understood.error();
  }
  return Progress::done;
}

// Of what was heard, all that is whole.
Result<void> ShmNotes::understand() {
  std::span<const std::byte> rest{heard_};
  const auto magic = std::as_bytes(std::span{&ShmSegment::Head::kMagic, 1});
  if (!greeted_ && !std::ranges::equal(rest.first(std::min(rest.size(), magic.size())),
                                       magic.first(std::min(rest.size(), magic.size())))) {
    return ShmSegment::check({.magic = 0}, "receive");
  }
  if (!greeted_ && rest.size() >= sizeof(ShmSegment::Head)) {
    ShmSegment::Head head;
    std::memcpy(&head, rest.data(), sizeof head);
    if (auto checked = ShmSegment::check(head, "receive"); !checked) {
      return checked;
    }
    greeted_ = true;
    rest = rest.subspan(sizeof head);
  }
  while (greeted_ && rest.size() >= sizeof(ShmNote)) {
    ShmNote note;
    std::memcpy(&note, rest.data(), sizeof note);
    rest = rest.subspan(sizeof note);
    if (auto followed = follow(note); !followed) {
      return followed;
    }
  }
  heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return {};
}

Result<void> ShmNotes::follow(const ShmNote& note) {
  if (note.count > heard_fds_.size() || note.zero != 0) {
    return shm_broken("receive");
  }
  const auto end = heard_fds_.begin() + note.count;
  std::vector<UniqueFd> fds{std::make_move_iterator(heard_fds_.begin()),
                            std::make_move_iterator(end)};
  heard_fds_.erase(heard_fds_.begin(), end);
  switch (note.kind) {
    case ShmNote::Kind::descriptors:
      if (note.id >= batches_.size()) {
        return shm_broken("receive descriptors");
      }
      batches_.at(note.id).push_back(std::move(fds));
      return {};
    case ShmNote::Kind::segment:
      return fds.size() == 1 ? loans_.add(note.id, std::move(fds.front()), note.size)
                             : shm_broken("receive a loan");
    case ShmNote::Kind::retired:
      loans_.retire(note.id);
      return {};
  }
  return shm_broken("receive");
}

void ShmNotes::close() noexcept {
  heard_fds_.clear();
  for (auto& batches : batches_) {
    batches.clear();
  }
}

}  // namespace troupe::transports
