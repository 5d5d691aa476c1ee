// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a connection comes about, with waiting: reaching a listener, and proving the key to each
// other.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/transports/auth/handshake.hpp"
#include "troupe/transports/transport.hpp"

#include <memory>

namespace troupe {

class RuntimeCore;

// The one of that address, once what is to be said of it has been logged. Errors: those of
// Catalog::find.
Result<transports::Transport*> transport_for(RuntimeCore& runtime, const Address& address,
                                             const ConnectOptions& options);

// Errors: see connect() in connection.hpp.
Result<std::unique_ptr<transports::FrameConnection>> dial(RuntimeCore& runtime,
                                                          const Address& address,
                                                          const ConnectOptions& options,
                                                          Deadline until);

// Whether the MD5 handshake of Python before 3.12 may be used with this peer: on this machine only.
transports::Handshake::Legacy legacy_for(const transports::FrameConnection& connection);

}  // namespace troupe
