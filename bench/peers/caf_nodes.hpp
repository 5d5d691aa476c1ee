// SPDX-License-Identifier: Apache-2.0
#pragma once

// CAF's io module, Debian's libcaf-dev: two systems in two processes, one of which has published an
// actor over TCP, with the default configuration. The other asks that one for the actors that it
// talks to.

#include <cstddef>
#include <cstdint>

namespace bench::caf_peer {

// Seconds each, where so many pairs of actors do `times` in all at once, a tenth before.
double remote_ping_pong(std::size_t pairs, std::uint64_t times);
// Of eight numbers, 64 bytes. A sender waits for nothing: CAF's mailboxes have no bound.
double remote_stream(std::size_t pairs, std::uint64_t times);

}  // namespace bench::caf_peer
