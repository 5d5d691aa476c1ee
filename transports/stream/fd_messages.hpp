// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bytes by a stream socket, with descriptors where it is a Unix one. Nothing here blocks.

#include "troupe/transports/stream/byte_stream.hpp"

#include <sys/uio.h>

#include <span>
#include <vector>

namespace troupe::transports {

// Writes from the front of `pieces`; `fds` go with the first byte and are then moved from. Errors:
// disconnected, invalid_argument (more than 253 descriptors), system.
Result<Transfer> send_with_fds(int socket, std::span<iovec> pieces, std::span<UniqueFd> fds);

// The same with descriptors that stay the caller's.
Result<Transfer> send_with_fds(int socket, std::span<iovec> pieces, std::span<const int> fds);

// Reads into `places`; descriptors that came are appended to `fds`. Errors: disconnected, malformed
// (descriptors were cut off), system.
Result<Transfer> receive_with_fds(int socket, std::span<iovec> places, std::vector<UniqueFd>& fds);

// What errno says of a socket that failed.
Error socket_failed(const char* doing);

}  // namespace troupe::transports
