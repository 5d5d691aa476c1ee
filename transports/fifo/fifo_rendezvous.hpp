// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many peers meet at one named pipe: a client makes a private pair of pipes and writes their
// name to the public one, in one piece; the listener opens the pair. Layout:
// docs/wire-protocol.md#fifo.

#include "troupe/transports/transport.hpp"

#include <memory>
#include <string>

namespace troupe::transports {

Result<std::unique_ptr<Dial>> dial_rendezvous(const Address& address, std::string path,
                                              const ConnectOptions& options);

Result<std::unique_ptr<FrameListener>> listen_rendezvous(const Address& address,
                                                         const std::string& path,
                                                         const ConnectOptions& options);

}  // namespace troupe::transports
