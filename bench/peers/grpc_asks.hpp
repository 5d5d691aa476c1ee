// SPDX-License-Identifier: Apache-2.0
#pragma once

// gRPC, Debian's libgrpc++-dev: unary calls by its callback interface, without encryption, over a
// Unix socket or TCP, with its own threads. Where it was not there to be built with,
// grpc_asks_absent.cpp says so.

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench::grpc_peer {

// Seconds each, where so many callers, over one channel, make `times` calls in all, each with 100
// under way; a tenth before. `scheme` is unix or tcp.
double remote_asks(const std::string& scheme, std::size_t callers, std::uint64_t times);

}  // namespace bench::grpc_peer
