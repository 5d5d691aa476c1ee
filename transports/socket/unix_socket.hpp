// SPDX-License-Identifier: Apache-2.0
#pragma once

// Unix sockets by place: a path in the file system, or @name in the abstract namespace. What every
// transport needs that is reached by one.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/socket/socket_listener.hpp"

#include <functional>
#include <string>

namespace troupe::transports {

// `doing` begins the error's text. Errors: invalid_argument (the path is too long).
Result<SocketAddress> unix_address(const std::string& place, const std::string& doing);

// The peer belongs to this user, or to root.
bool is_same_user(int socket) noexcept;

struct UnixListening {
  UniqueFd socket;                // bound, listening, non-blocking
  std::function<void()> release;  // frees the place; empty where the kernel does
};

// Listens at a place; a socket file that a killed listener left there is replaced. Errors: exists
// (somebody listens, or a file of another kind is there), refused (permission), not_found (no such
// directory), invalid_argument, system.
Result<UnixListening> listen_at_place(const std::string& place, const std::string& doing);

// Removes the socket file at `path` if whoever listened there is gone. True: it has been removed.
bool remove_if_stale(const std::string& path);

}  // namespace troupe::transports
