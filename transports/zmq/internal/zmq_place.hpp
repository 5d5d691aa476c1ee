// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqPlace: where a listener of zmq+tcp or zmq+ipc is to be. The listening socket is made here, and
// not by libzmq, which takes the path of a listener that lives away, and serves other hosts
// unasked.

#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/address.hpp"
#include "troupe/transports/socket/socket_listener.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::transports {

class ZmqPlace final {
 public:
  // Errors: refused (other hosts could come, and nothing protects what crosses), not_found (no such
  // host), invalid_argument.
  static Result<ZmqPlace> of(const Address& address, bool encrypted, const std::string& doing);

  // As libzmq spells it; of TCP, the port may be 0 still.
  const std::string& endpoint() const noexcept { return endpoint_; }

  struct Listening {
    UniqueFd socket;                  // bound, listening, non-blocking
    std::string endpoint;             // with the port that was chosen
    std::function<void()> release{};  // frees the place; empty where the kernel does
  };
  // Errors: exists (in use), refused, not_found, invalid_argument, system.
  Result<Listening> listen(const std::string& doing) const;

 private:
  using Where = std::variant<SocketAddress, std::string>;  // or a path

  ZmqPlace(std::string endpoint, Where where)
      : endpoint_(std::move(endpoint)), where_(std::move(where)) {}

  std::string endpoint_;
  Where where_;
};

// Where to connect to, one after the other. Errors: invalid_argument, not_found (no such host).
Result<std::vector<std::string>> zmq_endpoints(const Address& address, const std::string& doing);

// The address of who listens at `endpoint` and was to at `asked`.
Address zmq_address(const Address& asked, const std::string& endpoint);

}  // namespace troupe::transports
