// SPDX-License-Identifier: Apache-2.0
#pragma once

// Catalog: the transports of one runtime, by scheme. Thread-safe once made.

#include "troupe/transports/transport.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::transports {

class Catalog final {
 public:
  // pipe, fifo, shm, unix, tcp, tls, zmq+tcp, zmq+ipc and inproc.
  static std::unique_ptr<Catalog> standard();

  // In the place of one of the same scheme.
  void add(std::unique_ptr<Transport> transport);

  // The transport of the address. Errors: invalid_argument (it does not parse, or the scheme is
  // unknown: the error lists those there are).
  Result<Transport*> find(const Address& address) const;

 private:
  std::vector<std::unique_ptr<Transport>> transports_;
};

}  // namespace troupe::transports
