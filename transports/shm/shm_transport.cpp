// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_transport.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/private_directory.hpp"
#include "troupe/transports/shm/shm_stream.hpp"
#include "troupe/transports/socket/unix_socket.hpp"
#include "troupe/transports/stream/fd_messages.hpp"
#include "troupe/transports/stream/stream_connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace troupe::transports {
namespace {

constexpr Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .fds = true, .peer_identity = true};

using Head = ShmSegment::Head;

std::unique_ptr<FrameConnection> connection_of(std::unique_ptr<ShmStream> stream,
                                               const Address& peer, const ConnectOptions& options) {
  return std::make_unique<StreamConnection>(
      std::move(stream),
      StreamConnection::Setup{peer, kCapabilities, options.framing, options.max_message});
}

Result<std::size_t> ring_of(const Address& address, const std::string& doing) {
  const auto option = address.option("ring");
  if (!option) {
    return ShmSegment::kDefaultRing;
  }
  std::size_t ring = 0;
  const auto [end, error] = std::from_chars(option->data(), option->data() + option->size(), ring);
  if (error != std::errc{} || end != option->data() + option->size() ||
      !std::has_single_bit(ring) || ring < ShmSegment::kLeastRing ||
      ring > ShmSegment::kLargestRing) {
    return Error{Code::invalid_argument, doing + ": ring=" + std::string{*option} +
                                             " is no power of two from 4096 to 1073741824"};
  }
  return ring;
}

// The path of the socket by which the two meet; empty when the address names none.
Result<std::string> meeting_place(const Address& address, const std::string& doing) {
  const std::string host{address.host()};
  if (host.empty()) {
    return std::string{address.path()};
  }
  const std::string name = host + std::string{address.path()};
  if (name.find('/') != std::string::npos || address.port() != 0) {
    return Error{Code::invalid_argument,
                 doing + ": a name has no slash and no port; write shm://name, or shm:/path"};
  }
  auto directory = private_directory();
  if (!directory) {
    return directory.error();
  }
  return *directory + "/" + name + ".shm";
}

Result<std::pair<UniqueFd, UniqueFd>> socket_pair(const std::string& doing) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::system(doing, errno);
  }
  return std::pair{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

// The listener speaks first and waits for nobody: what the connection is made of goes to the
// client, who sees whether it understands it.
Result<std::unique_ptr<FrameConnection>> welcome(UniqueFd bell, const Address& address,
                                                 std::size_t ring, const ConnectOptions& options) {
  const std::string doing = "accept at " + address.text();
  auto segment = ShmSegment::create(ring, doing);
  if (!segment) {
    return segment.error();
  }
  auto room = socket_pair(doing);
  if (!room) {
    return room.error();
  }
  auto memory = UniqueFd::duplicate(segment->fd());
  if (!memory) {
    return memory.error().within(doing);
  }
  Head head = ShmSegment::head_for(ring);
  iovec piece{&head, sizeof head};
  std::array fds{std::move(*memory), std::move(room->second)};
  const auto sent = send_with_fds(bell.get(), {&piece, 1}, fds);
  if (!sent || sent->bytes != sizeof head) {
    return std::unique_ptr<FrameConnection>{};  // this client is gone already
  }
  return connection_of(
      std::make_unique<ShmStream>(ShmStream::Parts{std::move(*segment), ShmSide::listener,
                                                   std::move(bell), std::move(room->first)},
                                  false),
      address, options);
}

// Connects, then waits for what the listener says.
class ShmDial final : public Dial {
 public:
  ShmDial(const Address& address, const SocketAddress& place, ConnectOptions options)
      : address_(address),
        options_(std::move(options)),
        anybody_(address.option("peers") == "any"),
        doing_("connect to " + address.text()),
        attempts_(address, {place}) {}

  Result<std::unique_ptr<FrameConnection>> step() override {
    if (!bell_) {
      auto socket = attempts_.step();
      if (!socket) {
        return socket.error();
      }
      if (!*socket) {
        return std::unique_ptr<FrameConnection>{};
      }
      if (!anybody_ && !is_same_user(socket->get())) {
        return listener_of_another_user(address_);
      }
      bell_ = std::move(*socket);
    }
    return hear();
  }

  Readiness readiness() const noexcept override {
    return bell_ ? Readiness{bell_.get(), POLLIN} : attempts_.readiness();
  }

 private:
  Result<std::unique_ptr<FrameConnection>> hear() {
    Head head;
    iovec place{&head, sizeof head};
    const auto heard = receive_with_fds(bell_.get(), {&place, 1}, fds_);
    if (!heard) {
      return heard.error().within(doing_);
    }
    if (heard->status == Transfer::Status::would_block) {
      return std::unique_ptr<FrameConnection>{};
    }
    if (heard->status == Transfer::Status::end) {
      return Error{Code::refused, doing_ +
                                      ": the listener has hung up; it may be short of memory or "
                                      "descriptors, or serve another transport"};
    }
    if (heard->bytes != sizeof head) {
      return Error{Code::malformed, doing_ + ": the peer does not speak the protocol of shm:"};
    }
    // Said in either case, so that a listener of another version can tell its user.
    const Head own = ShmSegment::head_for(ShmSegment::kDefaultRing);
    (void)::send(bell_.get(), &own, sizeof own, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (auto checked = ShmSegment::check(head, doing_); !checked) {
      return checked.error();
    }
    if (fds_.size() != 2) {
      return Error{Code::malformed, doing_ + ": the listener sent no shared memory"};
    }
    auto segment = ShmSegment::open(std::move(fds_[0]), doing_);
    if (!segment) {
      return segment.error();
    }
    return connection_of(
        std::make_unique<ShmStream>(ShmStream::Parts{std::move(*segment), ShmSide::client,
                                                     std::move(bell_), std::move(fds_[1])},
                                    true),
        address_, options_);
  }

  const Address address_;
  const ConnectOptions options_;
  const bool anybody_;
  const std::string doing_;
  SocketAttempts attempts_;
  UniqueFd bell_;
  std::vector<UniqueFd> fds_;
};

}  // namespace

Capabilities ShmTransport::capabilities() const noexcept {
  return kCapabilities;
}

Result<std::unique_ptr<Dial>> ShmTransport::dial(const Address& address,
                                                 const ConnectOptions& options) {
  const std::string doing = "connect to " + address.text();
  auto place = meeting_place(address, doing);
  if (!place) {
    return place.error();
  }
  if (place->empty()) {
    return Error{Code::invalid_argument, doing + ": it has no name; write shm://name"};
  }
  auto target = unix_address(*place, doing);
  if (!target) {
    return target.error();
  }
  return std::unique_ptr<Dial>{std::make_unique<ShmDial>(address, *target, options)};
}

Result<std::unique_ptr<FrameListener>> ShmTransport::listen(const Address& address,
                                                            const ConnectOptions& options) {
  const std::string doing = "listen at " + address.text();
  auto place = meeting_place(address, doing);
  if (!place) {
    return place.error();
  }
  const auto ring = ring_of(address, doing);
  if (!ring) {
    return ring.error();
  }
  Address chosen = address;
  if (place->empty()) {
    auto directory = private_directory();
    if (!directory) {
      return directory.error();
    }
    const std::string name = Random::system().name(12);
    *place = *directory + "/" + name + ".shm";
    chosen = Address{"shm://" + name};
  }
  auto listening = listen_at_place(*place, doing);
  if (!listening) {
    return listening.error();
  }
  auto welcomes = [chosen, options, ring = *ring, anybody = address.option("peers") == "any"](
                      UniqueFd bell) -> Result<std::unique_ptr<FrameConnection>> {
    if (!anybody && !is_same_user(bell.get())) {
      return std::unique_ptr<FrameConnection>{};
    }
    return welcome(std::move(bell), chosen, ring, options);
  };
  return std::unique_ptr<FrameListener>{
      std::make_unique<SocketListener>(std::move(listening->socket), std::move(chosen),
                                       std::move(welcomes), std::move(listening->release))};
}

Result<ConnectionPair> ShmTransport::pair(const Address& address, Direction /*direction*/,
                                          const ConnectOptions& options) {
  const std::string doing = "make a pipe of shared memory";
  const auto ring = ring_of(address, doing);
  if (!ring) {
    return ring.error();
  }
  auto segment = ShmSegment::create(*ring, doing);
  if (!segment) {
    return segment.error();
  }
  auto memory = UniqueFd::duplicate(segment->fd());
  if (!memory) {
    return memory.error().within(doing);
  }
  auto again = ShmSegment::open(std::move(*memory), doing);
  auto bell = socket_pair(doing);
  auto room = socket_pair(doing);
  for (const Error* error : {again ? nullptr : &again.error(), bell ? nullptr : &bell.error(),
                             room ? nullptr : &room.error()}) {
    if (error != nullptr) {
      return *error;
    }
  }
  const Address peer = address.empty() ? Address{"shm:"} : address;
  auto first = connection_of(
      std::make_unique<ShmStream>(ShmStream::Parts{std::move(*segment), ShmSide::listener,
                                                   std::move(bell->first), std::move(room->first)},
                                  true),
      peer, options);
  auto second =
      connection_of(std::make_unique<ShmStream>(
                        ShmStream::Parts{std::move(*again), ShmSide::client,
                                         std::move(bell->second), std::move(room->second)},
                        true),
                    peer, options);
  return ConnectionPair{std::move(first), std::move(second)};
}

Result<std::unique_ptr<FrameConnection>> ShmTransport::adopt(Handover handover) {
  auto stream = ShmStream::adopt(handover, "continue " + handover.peer);
  if (!stream) {
    return stream.error();
  }
  auto connection = std::make_unique<StreamConnection>(
      std::move(*stream), StreamConnection::Setup{handover.peer, kCapabilities, handover.framing,
                                                  handover.max_message});
  connection->preload(handover.received);
  return std::unique_ptr<FrameConnection>{std::move(connection)};
}

}  // namespace troupe::transports
