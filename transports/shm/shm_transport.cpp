// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_transport.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/private_directory.hpp"
#include "troupe/transports/shm/kill_point.hpp"
#include "troupe/transports/shm/shm_connection.hpp"
#include "troupe/transports/socket/unix_socket.hpp"
#include "troupe/transports/stream/fd_messages.hpp"

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

using Head = ShmSegment::Head;

// How much of a connection's memory may be out as loans at once, by default.
constexpr std::size_t kDefaultLoans = 128U << 20U;

Result<std::unique_ptr<FrameConnection>> connection_of(ShmLink link, const Address& peer,
                                                       const ConnectOptions& options,
                                                       std::size_t loans, bool greeted) {
  auto connection = ShmConnection::create(std::move(link),
                                          {.peer = peer,
                                           .framing = options.framing,
                                           .max_message = options.max_message,
                                           .loans = loans},
                                          greeted);
  if (!connection) {
    return connection.error();
  }
  return std::unique_ptr<FrameConnection>{std::move(*connection)};
}

// A number that the address may set.
Result<std::size_t> option_of(const Address& address, std::string_view name, std::size_t unset,
                              const std::string& doing) {
  const auto option = address.option(name);
  if (!option) {
    return unset;
  }
  std::size_t number = 0;
  const auto [end, error] =
      std::from_chars(option->data(), option->data() + option->size(), number);
  if (error != std::errc{} || end != option->data() + option->size()) {
    return Error{Code::invalid_argument, doing + ": " + std::string{name} + "=" +
                                             std::string{*option} + " is no number of bytes"};
  }
  return number;
}

// How much memory a connection is to have.
struct Sizes {
  std::size_t ring = 0;
  std::size_t loans = 0;
};
Result<Sizes> sizes_of(const Address& address, const std::string& doing) {
  auto ring = option_of(address, "ring", ShmSegment::kDefaultRing, doing);
  if (!ring) {
    return ring.error();
  }
  if (!std::has_single_bit(*ring) || *ring < ShmSegment::kLeastRing ||
      *ring > ShmSegment::kLargestRing) {
    return Error{Code::invalid_argument, doing + ": ring=" + std::to_string(*ring) +
                                             " is no power of two from 4096 to 1073741824"};
  }
  auto loans = option_of(address, "loans", kDefaultLoans, doing);
  if (!loans) {
    return loans.error();
  }
  return Sizes{*ring, *loans};
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

struct Bells {
  UniqueFd own;
  UniqueFd peer;
};
Result<Bells> make_bells(const std::string& doing) {
  auto own = ShmLink::make_bell(doing);
  auto peer = ShmLink::make_bell(doing);
  if (!own || !peer) {
    return own ? peer.error() : own.error();
  }
  return Bells{std::move(*own), std::move(*peer)};
}

Result<std::pair<UniqueFd, UniqueFd>> socket_pair(const std::string& doing) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::system(doing, errno);
  }
  return std::pair{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

Result<ShmSegment> open_again(int memory, const std::string& doing) {
  auto duplicate = UniqueFd::duplicate(memory);
  if (!duplicate) {
    return duplicate.error();
  }
  return ShmSegment::open(std::move(*duplicate), doing);
}

// The listener speaks first and waits for nobody: what the connection is made of goes to the
// client, who sees whether it understands it.
Result<std::unique_ptr<FrameConnection>> welcome(UniqueFd socket, const Address& address,
                                                 const Sizes& sizes,
                                                 const ConnectOptions& options) {
  const std::string doing = "accept at " + address.text();
  kill_point("accept.met");
  auto segment = ShmSegment::create(sizes.ring, doing);
  if (!segment) {
    return segment.error();
  }
  kill_point("accept.memory");
  auto bells = make_bells(doing);
  if (!bells) {
    return bells.error();
  }
  const int place = socket.get();
  // What is our bell here is the peer's there.
  const std::array fds{segment->fd(), bells->peer.get(), bells->own.get()};
  auto ours = connection_of({std::move(*segment), ShmSide::listener, std::move(socket),
                             std::move(bells->own), std::move(bells->peer)},
                            address, options, sizes.loans, false);
  if (!ours) {
    return ours.error().within(doing);
  }
  Head head = ShmSegment::head_for(sizes.ring);
  iovec piece{&head, sizeof head};
  const auto sent = send_with_fds(place, {&piece, 1}, std::span<const int>{fds});
  kill_point("accept.told");
  if (!sent || sent->bytes != sizeof head) {
    return std::unique_ptr<FrameConnection>{};  // this client is gone already
  }
  return ours;
}

// Connects, then waits for what the listener says.
class ShmDial final : public Dial {
 public:
  ShmDial(const Address& address, const SocketAddress& place, std::size_t loans,
          ConnectOptions options)
      : address_(address),
        loans_(loans),
        options_(std::move(options)),
        anybody_(address.option("peers") == "any"),
        doing_("connect to " + address.text()),
        attempts_(address, {place}) {}

  Result<std::unique_ptr<FrameConnection>> step() override {
    if (!socket_) {
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
      socket_ = std::move(*socket);
      kill_point("connect.met");
    }
    return hear();
  }

  Readiness readiness() const noexcept override {
    return socket_ ? Readiness{socket_.get(), POLLIN} : attempts_.readiness();
  }

 private:
  Result<std::unique_ptr<FrameConnection>> hear() {
    Head head;
    iovec place{&head, sizeof head};
    const auto heard = receive_with_fds(socket_.get(), {&place, 1}, fds_);
    if (!heard) {
      return heard.error().within(doing_);
    }
    if (heard->status == Transfer::Status::would_block) {
      return std::unique_ptr<FrameConnection>{};
    }
    if (heard->status == Transfer::Status::end) {
      return Error{Code::refused, doing_ +
                                      ": the listener has hung up; it may be short of memory or "
                                      "descriptors, serve another transport, or not take this "
                                      "user (?peers=any at its address)"};
    }
    if (heard->bytes != sizeof head) {
      return Error{Code::malformed, doing_ + ": the peer does not speak the protocol of shm:"};
    }
    // Said in either case, so that a listener of another version can tell its user.
    const Head own = ShmSegment::head_for(ShmSegment::kDefaultRing);
    (void)::send(socket_.get(), &own, sizeof own, MSG_DONTWAIT | MSG_NOSIGNAL);
    kill_point("connect.told");
    if (auto checked = ShmSegment::check(head, doing_); !checked) {
      return checked.error();
    }
    if (fds_.size() != 3) {
      return Error{Code::malformed, doing_ + ": the listener sent no shared memory"};
    }
    auto segment = ShmSegment::open(std::move(fds_[0]), doing_);
    if (!segment) {
      return segment.error();
    }
    kill_point("connect.mapped");
    auto connection = connection_of({std::move(*segment), ShmSide::client, std::move(socket_),
                                     std::move(fds_[1]), std::move(fds_[2])},
                                    address_, options_, loans_, true);
    return connection ? std::move(connection) : connection.error().within(doing_);
  }

  const Address address_;
  const std::size_t loans_;
  const ConnectOptions options_;
  const bool anybody_;
  const std::string doing_;
  SocketAttempts attempts_;
  UniqueFd socket_;
  std::vector<UniqueFd> fds_;
};

}  // namespace

Capabilities ShmTransport::capabilities() const noexcept {
  return ShmConnection::kCapabilities;
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
  const auto sizes = sizes_of(address, doing);
  if (!sizes) {
    return sizes.error();
  }
  return std::unique_ptr<Dial>{std::make_unique<ShmDial>(address, *target, sizes->loans, options)};
}

Result<std::unique_ptr<FrameListener>> ShmTransport::listen(const Address& address,
                                                            const ConnectOptions& options) {
  const std::string doing = "listen at " + address.text();
  auto place = meeting_place(address, doing);
  if (!place) {
    return place.error();
  }
  const auto sizes = sizes_of(address, doing);
  if (!sizes) {
    return sizes.error();
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
  auto welcomes = [chosen, options, sizes = *sizes, anybody = address.option("peers") == "any"](
                      UniqueFd socket) -> Result<std::unique_ptr<FrameConnection>> {
    if (!anybody && !is_same_user(socket.get())) {
      return std::unique_ptr<FrameConnection>{};
    }
    return welcome(std::move(socket), chosen, sizes, options);
  };
  return std::unique_ptr<FrameListener>{
      std::make_unique<SocketListener>(std::move(listening->socket), std::move(chosen),
                                       std::move(welcomes), std::move(listening->release))};
}

Result<ConnectionPair> ShmTransport::pair(const Address& address, Direction /*direction*/,
                                          const ConnectOptions& options) {
  const std::string doing = "make a pipe of shared memory";
  const auto sizes = sizes_of(address, doing);
  if (!sizes) {
    return sizes.error();
  }
  auto segment = ShmSegment::create(sizes->ring, doing);
  if (!segment) {
    return segment.error();
  }
  auto sockets = socket_pair(doing);
  auto bells = make_bells(doing);
  for (const Error* error :
       {sockets ? nullptr : &sockets.error(), bells ? nullptr : &bells.error()}) {
    if (error != nullptr) {
      return *error;
    }
  }
  auto again = open_again(segment->fd(), doing);
  auto own_again = UniqueFd::duplicate(bells->own.get());
  auto peer_again = UniqueFd::duplicate(bells->peer.get());
  for (const Error* error :
       {again ? nullptr : &again.error(), own_again ? nullptr : &own_again.error(),
        peer_again ? nullptr : &peer_again.error()}) {
    if (error != nullptr) {
      return error->within(doing);
    }
  }
  const Address peer = address.empty() ? Address{"shm:"} : address;
  auto first = connection_of({std::move(*segment), ShmSide::listener, std::move(sockets->first),
                              std::move(bells->own), std::move(bells->peer)},
                             peer, options, sizes->loans, true);
  auto second = connection_of({std::move(*again), ShmSide::client, std::move(sockets->second),
                               std::move(*peer_again), std::move(*own_again)},
                              peer, options, sizes->loans, true);
  if (!first || !second) {
    return (first ? second : first).error().within(doing);
  }
  return ConnectionPair{std::move(*first), std::move(*second)};
}

Result<std::unique_ptr<FrameConnection>> ShmTransport::adopt(Handover handover) {
  auto connection = ShmConnection::adopt(std::move(handover));
  if (!connection) {
    return connection.error();
  }
  return std::unique_ptr<FrameConnection>{std::move(*connection)};
}

}  // namespace troupe::transports
