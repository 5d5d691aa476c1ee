// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_stream.hpp"

#include "troupe/transports/stream/fd_messages.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace troupe::transports {
namespace {

// What is said by the bell: that there is something to read, which is one byte; or that descriptors
// come along, followed by the position after what they go with.
constexpr std::byte kBell{0};
constexpr std::byte kDescriptors{1};
constexpr std::size_t kDescriptorsSize = 1 + sizeof(std::uint64_t);

constexpr ShmSide other(ShmSide side) {
  return side == ShmSide::listener ? ShmSide::client : ShmSide::listener;
}

constexpr unsigned kSideBit = 1;
constexpr unsigned kUngreetedBit = 2;

// What Handover::side says of an end.
std::uint8_t state_of(ShmSide side, bool greeted) {
  return static_cast<std::uint8_t>((side == ShmSide::client ? kSideBit : 0U) |
                                   (greeted ? 0U : kUngreetedBit));
}

// Rings. When the socket is full the peer has enough to wake up for. False: the peer is gone.
bool ring(const UniqueFd& socket) noexcept {
  return ::send(socket.get(), &kBell, 1, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN ||
         errno == EINTR || errno == ENOBUFS;
}

// What was written before may have been read or not.
Error gone(const char* doing) {
  return {Code::disconnected, std::string{doing} + ": the peer has closed the connection",
          Effect::unknown};
}

Error broken(const char* doing) {
  return {Code::malformed,
          std::string{doing} + ": the peer has written where only this side may, or out of turn"};
}

}  // namespace

ShmStream::ShmStream(Parts parts, bool greeted)
    : parts_(std::move(parts)),
      writer_(parts_.segment.state_from(parts_.side), parts_.segment.area_from(parts_.side)),
      reader_(parts_.segment.state_from(other(parts_.side)),
              parts_.segment.area_from(other(parts_.side))),
      greeted_(greeted) {}

// Other processes may hold copies of this end; the kernel knows when the last is gone, and the peer
// asks it when it sees the hint.
ShmStream::~ShmStream() {
  writer_.leave();
  reader_.leave();
}

// ---- writing -----------------------------------------------------------------------------------

Result<Transfer> ShmStream::try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) {
  bell_is_full_ = false;
  if (writer_.take_leaving()) {
    hear_room();
  }
  while (writer_.room() == 0 && !reader_gone_) {
    if (writer_.is_broken()) {
      return broken("send");
    }
    // What was said is heard only where there is nothing to do: until then it wakes all who wait.
    if (std::exchange(waits_for_room_, true)) {
      hear_room();
    }
    if (!reader_gone_ && writer_.arm()) {
      return Transfer{Transfer::Status::would_block, 0};
    }
  }
  if (reader_gone_) {
    return gone("send");
  }
  if (!fds.empty()) {
    std::size_t size = 0;
    for (const iovec& piece : pieces) {
      size += piece.iov_len;
    }
    const auto sent = send_descriptors(fds, std::min(size, writer_.room()));
    if (!sent) {
      return sent.error();
    }
    if (*sent == Progress::would_block) {
      bell_is_full_ = true;
      return Transfer{Transfer::Status::would_block, 0};
    }
  }
  const std::size_t moved = writer_.write(pieces);
  if (writer_.take_sleeper() && !ring(parts_.bell)) {
    reader_gone_ = true;
  }
  return Transfer{Transfer::Status::moved, moved};
}

// Before the bytes that they go `with` are published. Would_block: the peer has not yet heard what
// was said before.
Result<Progress> ShmStream::send_descriptors(std::span<UniqueFd> fds, std::size_t with) {
  std::array<std::byte, kDescriptorsSize> text{kDescriptors};
  const std::uint64_t end = writer_.position() + with;
  std::memcpy(text.data() + 1, &end, sizeof end);
  iovec piece{text.data(), text.size()};
  const auto sent = send_with_fds(parts_.bell.get(), {&piece, 1}, fds);
  if (!sent) {
    reader_gone_ = sent.error() == Code::disconnected;
    return sent.error();
  }
  if (sent->status == Transfer::Status::would_block) {
    return Progress::would_block;
  }
  writer_.count_descriptor_send();
  return Progress::done;
}

// What the room socket says is only that there may be room, or that the peer is gone.
void ShmStream::hear_room() noexcept {
  std::array<std::byte, 64> bells;
  const ssize_t count = ::recv(parts_.room.get(), bells.data(), bells.size(), MSG_DONTWAIT);
  reader_gone_ = reader_gone_ || count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

Readiness ShmStream::writable() const noexcept {
  return bell_is_full_ ? Readiness{parts_.bell.get(), POLLOUT}
                       : Readiness{parts_.room.get(), POLLIN};
}

// ---- reading -----------------------------------------------------------------------------------

Result<Transfer> ShmStream::try_read(std::span<iovec> places, std::vector<UniqueFd>& fds) {
  auto size = bytes_to_read();
  if (size && *size == 0 && (std::exchange(waits_for_bytes_, false) || reader_.take_leaving())) {
    if (auto heard = hear_bell(); !heard) {
      return heard.error();
    }
    size = bytes_to_read();
  }
  if (!size) {
    return size.error();
  }
  if (*size == 0) {
    return Transfer{writer_gone_ ? Transfer::Status::end : Transfer::Status::would_block, 0};
  }
  const std::size_t moved = reader_.read(places, *size);
  if (!batches_.empty() && *batches_.front().end == reader_.position()) {
    for (UniqueFd& fd : batches_.front().fds) {
      fds.push_back(std::move(fd));
    }
    batches_.pop_front();
  }
  if (reader_.take_sleeper()) {
    (void)ring(parts_.room);
  }
  return Transfer{Transfer::Status::moved, moved};
}

// Up to the end of what descriptors go with, which are here then.
Result<std::size_t> ShmStream::bytes_to_read() {
  const std::size_t available = reader_.available();
  if (reader_.is_broken()) {
    return broken("receive");
  }
  while (available > 0 &&
         (reader_.descriptors_due() || (!batches_.empty() && !batches_.back().end))) {
    const auto heard = hear_bell();
    if (!heard) {
      return heard.error();
    }
    if (*heard == Progress::would_block) {
      return broken("receive");  // they were announced, so they must be there
    }
  }
  if (batches_.empty()) {
    return available;
  }
  const std::uint64_t until_end = batches_.front().end.value_or(0) - reader_.position();
  if (available > 0 && (until_end == 0 || until_end > parts_.segment.ring())) {
    return broken("receive");
  }
  return std::min(available, static_cast<std::size_t>(until_end));
}

// Takes what has been said by the bell, as far as one call does; would_block: nothing. An end of it
// is the peer's.
Result<Progress> ShmStream::hear_bell() {
  std::array<std::byte, 256> said;
  std::vector<UniqueFd> fds;
  iovec place{said.data(), said.size()};
  const auto heard = receive_with_fds(parts_.bell.get(), {&place, 1}, fds);
  if (!heard) {
    if (heard.error() != Code::disconnected) {
      return heard.error();
    }
    writer_gone_ = true;  // it had not heard all that we said
    return Progress::would_block;
  }
  if (heard->status != Transfer::Status::moved) {
    writer_gone_ = writer_gone_ || heard->status == Transfer::Status::end;
    return Progress::would_block;
  }
  if (!fds.empty()) {
    batches_.push_back({std::move(fds), {}});
    reader_.count_descriptor_receive();
  }
  heard_.insert(heard_.end(), said.begin(),
                said.begin() + static_cast<std::ptrdiff_t>(heard->bytes));
  if (auto understood = understand(); !understood) {
    return understood.error();
  }
  return Progress::done;
}

// Of what was heard, all that is whole.
Result<void> ShmStream::understand() {
  std::span<const std::byte> rest{heard_};
  if (!greeted_ && rest.size() >= sizeof(ShmSegment::Head)) {
    ShmSegment::Head head;
    std::memcpy(&head, rest.data(), sizeof head);
    if (auto checked = ShmSegment::check(head, "receive"); !checked) {
      return checked;
    }
    greeted_ = true;
    rest = rest.subspan(sizeof head);
  }
  while (greeted_ && !rest.empty()) {
    if (rest.front() == kBell) {
      rest = rest.subspan(1);
      continue;
    }
    if (rest.front() != kDescriptors) {
      return broken("receive");
    }
    if (rest.size() < kDescriptorsSize) {
      break;
    }
    const auto next =
        std::ranges::find_if(batches_, [](const Batch& batch) { return !batch.end.has_value(); });
    if (next == batches_.end()) {
      return broken("receive");
    }
    std::uint64_t end = 0;
    std::memcpy(&end, rest.data() + 1, sizeof end);
    next->end = end;
    rest = rest.subspan(kDescriptorsSize);
  }
  heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return {};
}

bool ShmStream::arm_read() {
  if (writer_gone_ || !reader_.arm()) {
    return true;
  }
  waits_for_bytes_ = true;
  return false;
}

Readiness ShmStream::readable() const noexcept {
  return {parts_.bell.get(), POLLIN};
}

// ---- both --------------------------------------------------------------------------------------

Result<ByteStream::Ends> ShmStream::duplicate() const {
  if (!batches_.empty() || !heard_.empty()) {
    return Error{Code::refused, "descriptors are being received; receive their message first"};
  }
  auto bell = UniqueFd::duplicate(parts_.bell.get());
  auto room = UniqueFd::duplicate(parts_.room.get());
  auto memory = UniqueFd::duplicate(parts_.segment.fd());
  for (const auto* fd : {&bell, &room, &memory}) {
    if (!*fd) {
      return fd->error();
    }
  }
  return Ends{std::move(*bell), std::move(*room), std::move(*memory),
              state_of(parts_.side, greeted_)};
}

Result<std::unique_ptr<ShmStream>> ShmStream::adopt(Handover& handover, const std::string& doing) {
  if (!handover.input || !handover.output || handover.side > (kSideBit | kUngreetedBit)) {
    return Error{Code::malformed, doing + ": its sockets are missing"};
  }
  auto segment = ShmSegment::open(std::move(handover.memory), doing);
  if (!segment) {
    return segment.error();
  }
  const auto side = (handover.side & kSideBit) != 0 ? ShmSide::client : ShmSide::listener;
  return std::make_unique<ShmStream>(
      Parts{std::move(*segment), side, std::move(handover.input), std::move(handover.output)},
      (handover.side & kUngreetedBit) == 0);
}

}  // namespace troupe::transports
