// SPDX-License-Identifier: Apache-2.0
#pragma once

// A TLS peer that is not ours: OpenSSL used in the plainest way, in a thread of its own. What it
// says and hears in the clear crosses a pair of descriptors, so the suites of bytes can use it.

#include "transports/tls/certificates.hpp"
#include "transports/ways.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace troupe::harness {

struct ForeignTls {
  Certificate own{};          // what it shows
  bool only_old = false;      // speaks no TLS 1.3
  bool announces_end = true;  // sends close_notify before it closes

  // Connects to 127.0.0.1; checks nothing. Once its descriptors are closed it closes, too.
  RawPeer connect(std::uint16_t port) const;
};

// Listens at 127.0.0.1, and does the handshake with each client in turn, then closes.
class ForeignListener final {
 public:
  explicit ForeignListener(ForeignTls how);
  ForeignListener(const ForeignListener&) = delete;
  ForeignListener& operator=(const ForeignListener&) = delete;
  ~ForeignListener();

  std::uint16_t port() const noexcept { return port_; }

 private:
  void serve();

  const ForeignTls how_;
  UniqueFd socket_;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  std::jthread thread_;
};

}  // namespace troupe::harness
