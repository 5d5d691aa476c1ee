// SPDX-License-Identifier: Apache-2.0
#pragma once

// HttpEndpoint: /metrics, /livez and /readyz for a scraper and an orchestrator. The HTTP is
// libmicrohttpd's, without a thread of its own: whoever owns it polls what `add_waits` names, and
// calls `serve`, which never blocks (docs/decisions/0009). One thread at a time.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/transports/address.hpp"

#include <poll.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct MHD_Daemon;

namespace troupe::node {

struct HttpAnswer {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpEndpoint final {
 public:
  static constexpr unsigned kMostConnections = 16;
  static constexpr unsigned kPatience = 10;               // s, of a connection that says nothing
  static constexpr std::size_t kMostMemory = 32U << 10U;  // of a connection: request and header

  using Answering = std::function<HttpAnswer(std::string_view path)>;  // called by serve()

  // At a tcp:// address. Errors: exists (it is in use), refused (permission; not loopback, and
  // plaintext=accepted is not said), not_found (no such host), invalid_argument, overloaded.
  static Result<std::unique_ptr<HttpEndpoint>> listen(const Address& address, Answering answer);
  HttpEndpoint(Address address, Answering answer);
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;
  ~HttpEndpoint();  // cuts the connections

  const Address& address() const noexcept { return address_; }  // with the port that was chosen

  void add_waits(std::vector<pollfd>& waits) const;
  // Until when to wait at most.
  Deadline next() const;
  void serve();

 private:
  friend struct HttpCallbacks;

  const Address address_;
  const Answering answer_;
  MHD_Daemon* daemon_ = nullptr;  // owned
};

}  // namespace troupe::node
