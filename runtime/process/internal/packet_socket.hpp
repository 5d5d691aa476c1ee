// SPDX-License-Identifier: Apache-2.0
#pragma once

// Packets of any size, with any number of descriptors, over a socket that two processes of one
// family have inherited. A small packet is one message of the socket; what is too large for that
// goes as a memory file, and descriptors beyond what one message carries follow in messages of
// their own. One thread per end at a time. Blocks, within the timeouts that the socket has.

#include "troupe/base/bytes.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace troupe::process {

struct Packet {
  Bytes bytes;
  std::vector<UniqueFd> fds;
};

// Two connected ends, close-on-exec. Errors: system.
Result<std::pair<UniqueFd, UniqueFd>> packet_socket_pair();

// Sends the pieces as one packet; the descriptors stay the caller's. Errors: disconnected (nobody
// reads any more, and nobody has taken this packet), timed_out, system.
Result<void> send_packet(int socket, std::span<const std::span<const std::byte>> pieces,
                         std::span<const int> fds);

// The next packet. Errors: closed (the other end is gone), malformed, system.
Result<Packet> receive_packet(int socket);

}  // namespace troupe::process
