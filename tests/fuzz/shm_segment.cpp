// SPDX-License-Identifier: Apache-2.0
// A peer that writes what it likes, where it likes, into the memory that it shares with an honest
// end, and says what it likes by the sockets. The input is a list of what it does, between what the
// honest end does. Whatever it is, the honest end may lose its connection, and nothing else.
#include "troupe/transports/shm/shm_segment.hpp"

#include "troupe/base/bytes.hpp"
#include "troupe/base/check.hpp"
#include "troupe/base/os/memory.hpp"
#include "troupe/transports/shm/shm_transport.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <vector>

namespace {

using troupe::UniqueFd;
using troupe::transports::FrameConnection;
using troupe::transports::ShmSegment;

constexpr std::size_t kRing = ShmSegment::kLeastRing;
constexpr std::size_t kSegment = 4096 + 2 * kRing;
constexpr std::size_t kLargest = 20'000;

// The input, taken from the front; zeroes once it is used up.
class Input final {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::span<const std::byte> take(std::size_t size) {
    const auto taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  template <class T>
  T number() {
    T value = 0;
    const auto bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
};

void send(FrameConnection& end, std::span<const std::byte> body) {
  const std::array pieces{body};
  troupe::transports::OutgoingFrame frame{.pieces = pieces, .fds = {}, .size = body.size()};
  const auto sent =
      end.try_send(frame, troupe::transports::Lane::data, troupe::transports::When::now);
  if (sent && *sent == troupe::transports::Progress::would_block && frame.taken > 0) {
    end.take_over(frame);
  }
}

void receive_all(FrameConnection& end) {
  troupe::transports::IncomingFrame frame;
  std::size_t sum = 0;
  for (int i = 0; i < 200; ++i) {
    const auto received = end.try_receive(frame);
    if (!received || *received == troupe::transports::Progress::would_block) {
      break;
    }
    TROUPE_CHECK(frame.body.size() <= kLargest);
    for (const std::byte byte : frame.body) {
      sum += std::to_integer<std::size_t>(byte);
    }
    end.drop_fds();
  }
  [[maybe_unused]] volatile std::size_t used = sum;
}

void say(int socket, std::span<const std::byte> bytes, bool with_fd) {
  iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
  if (with_fd) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &socket, sizeof socket);
  }
  (void)::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{std::as_bytes(std::span{data, size})};
  troupe::transports::ShmTransport transport;
  auto ends = transport.pair("shm:?ring=4096", troupe::transports::Direction::duplex,
                             {.max_message = kLargest});
  TROUPE_CHECK(ends);
  FrameConnection& honest = *ends->first;
  const auto held = ends->second->hand_over();
  TROUPE_CHECK(held);
  const auto mapping = troupe::os::Mapping::of(held->memory.get(), kSegment, "fuzz");
  TROUPE_CHECK(mapping);
  const std::array<std::byte, kLargest> zeroes{};

  while (!input.empty()) {
    switch (input.number<std::uint8_t>() % 8) {
      case 0:
        send(*ends->second, input.take(input.number<std::uint8_t>()));
        break;
      case 1:
        send(*ends->second, std::span{zeroes}.first(input.number<std::uint16_t>() % kLargest));
        break;
      case 2: {  // one word of the state, or of anything
        const std::size_t at = input.number<std::uint16_t>() % (kSegment - 8);
        const auto value = input.number<std::uint64_t>();
        std::memcpy(mapping->bytes().data() + at, &value, sizeof value);
        break;
      }
      case 3: {  // a position a little off
        const std::size_t line = 1024 + 128 * (input.number<std::uint8_t>() % 8U);
        std::uint64_t value = 0;
        std::memcpy(&value, mapping->bytes().data() + line, sizeof value);
        value += static_cast<std::uint64_t>(input.number<std::int8_t>());
        std::memcpy(mapping->bytes().data() + line, &value, sizeof value);
        break;
      }
      case 4: {
        const auto how = input.number<std::uint8_t>();
        const UniqueFd& socket = (how & 1U) != 0 ? held->output : held->input;
        say(socket.get(), input.take(1 + how / 4), (how & 2U) != 0);
        break;
      }
      case 5:
        receive_all(honest);
        break;
      case 6:
        (void)honest.arm_receive();
        break;
      default:
        send(honest, std::span{zeroes}.first(input.number<std::uint16_t>() % kLargest));
        (void)honest.try_flush();
        break;
    }
  }
  receive_all(honest);
  return 0;
}
