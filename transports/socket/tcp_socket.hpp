// SPDX-License-Identifier: Apache-2.0
#pragma once

// What TCP sockets need, in the clear or below TLS: addresses, options, listening.

#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/address.hpp"
#include "troupe/transports/socket/socket_listener.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::transports {

// The socket addresses of the host and port. Asks the system's resolver, which may block. Errors:
// invalid_argument (no host), not_found (no such host), system.
Result<std::vector<SocketAddress>> resolve(const Address& address, const std::string& doing);

// scheme://number:port
std::string text_of(std::string_view scheme, const SocketAddress& address);
bool is_loopback(const SocketAddress& address);
SocketAddress peer_of(int socket);
SocketAddress own_of(int socket);

// A socket that listens and does not block. Errors: exists (in use), refused, invalid_argument,
// system.
Result<UniqueFd> listen_at(const SocketAddress& where, const std::string& doing);

// What a connected socket is to do: send small messages at once, and notice within `lost_after`
// that the peer's host is gone. While something is under way to it, a SilenceWatch notices, within
// half as much again.
void prepare_tcp(int socket, Duration lost_after);

}  // namespace troupe::transports
