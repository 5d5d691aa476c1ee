// SPDX-License-Identifier: Apache-2.0
#pragma once

// What Unix and TCP sockets have in common once they have an address: listening, accepting,
// connecting.

#include "troupe/transports/socket/socket_stream.hpp"
#include "troupe/transports/stream/stream_connection.hpp"
#include "troupe/transports/transport.hpp"

#include <sys/socket.h>

#include <functional>
#include <vector>

namespace troupe::transports {

// A socket address as the kernel takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface is written so
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
};

// The next peer of a listening socket that does not block; empty when none waits. Errors:
// overloaded (descriptors are short), system.
Result<UniqueFd> accept_from(int listener, const Address& address);

// Makes a connection of an accepted or connected socket; null when the peer is not welcome. An
// error is this side's: what it lacks to make one.
using Welcome = std::function<Result<std::unique_ptr<FrameConnection>>(UniqueFd socket)>;

class SocketListener final : public FrameListener {
 public:
  // `socket` is bound, listening and non-blocking. `release` runs when the listener ends.
  SocketListener(UniqueFd socket, Address address, Welcome welcome,
                 std::function<void()> release = {});
  ~SocketListener() override;

  Result<std::unique_ptr<FrameConnection>> try_accept() override;
  Readiness readable() const noexcept override;
  const Address& address() const noexcept override { return address_; }

 private:
  const UniqueFd socket_;
  const Address address_;
  const Welcome welcome_;
  const std::function<void()> release_;
};

// A socket being connected: tries the candidates in turn until one accepts.
class SocketAttempts final {
 public:
  SocketAttempts(const Address& address, std::vector<SocketAddress> candidates);

  // The connected socket; empty while it is not. Errors: not_found (nobody listens), refused,
  // timed_out, system.
  Result<UniqueFd> step();
  Readiness readiness() const noexcept;

 private:
  Result<UniqueFd> attempt();
  Error no_answer(int os_errno) const;

  const std::string doing_;
  const std::vector<SocketAddress> candidates_;
  std::size_t next_ = 0;
  UniqueFd socket_;  // of the attempt under way
};

class SocketDial final : public Dial {
 public:
  SocketDial(Address address, std::vector<SocketAddress> candidates, Welcome welcome);

  Result<std::unique_ptr<FrameConnection>> step() override;
  Readiness readiness() const noexcept override { return attempts_.readiness(); }

 private:
  const Address address_;
  const Welcome welcome_;
  SocketAttempts attempts_;
};

// That whoever listens at `address` is not welcome.
Error listener_of_another_user(const Address& address);

// The engine over `socket`.
std::unique_ptr<FrameConnection> make_socket_connection(UniqueFd socket, SocketStream::Kind kind,
                                                        StreamConnection::Setup setup);

// Continues a connection that was handed over.
Result<std::unique_ptr<FrameConnection>> adopt_socket(Handover handover, SocketStream::Kind kind,
                                                      Capabilities capabilities);

}  // namespace troupe::transports
