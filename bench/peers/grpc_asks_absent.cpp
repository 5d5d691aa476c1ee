// SPDX-License-Identifier: Apache-2.0
#include "grpc_asks.hpp"

#include <stdexcept>

namespace bench::grpc_peer {

double remote_asks(const std::string& /*scheme*/, std::size_t /*callers*/,
                   std::uint64_t /*times*/) {
  throw std::runtime_error{
      "built without it; it needs libgrpc++-dev, libprotobuf-dev, protobuf-compiler-grpc"};
}

}  // namespace bench::grpc_peer
