// SPDX-License-Identifier: Apache-2.0
#pragma once

// TlsListener: a listening TCP socket whose clients do the TLS handshake before they are handed
// out. Handshakes go on side by side, each with its own deadline, so a client that is slow, silent
// or no TLS at all delays nobody; at most kMostComing are under way, and beyond that the oldest has
// to go. One thread at a time.

#include "troupe/transports/tls/internal/tls_context.hpp"
#include "troupe/transports/tls/internal/tls_stream.hpp"
#include "troupe/transports/transport.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <vector>

namespace troupe::transports {

class TlsListener final : public FrameListener {
 public:
  static constexpr std::size_t kMostComing = 256;
  static constexpr std::size_t kMostDropped = 64;  // reasons that are kept until they are asked for

  using Make = std::function<std::unique_ptr<FrameConnection>(std::unique_ptr<TlsStream> stream,
                                                              const Address& peer)>;

  // `socket` is bound, listening and non-blocking. Errors: overloaded (descriptors are short),
  // system.
  static Result<std::unique_ptr<TlsListener>> create(UniqueFd socket, Address address,
                                                     TlsContext context,
                                                     const ConnectOptions& options, Make make);

  Result<std::unique_ptr<FrameConnection>> try_accept() override;
  Readiness readable() const noexcept override;
  Deadline wake() const noexcept override;
  std::vector<Error> take_dropped() override;
  const Address& address() const noexcept override { return address_; }

 private:
  // A client whose handshake is under way.
  struct Coming {
    std::unique_ptr<TlsStream> stream;
    Address peer;
    Deadline until;
    std::list<Coming>::iterator self;
    short waits_for = 0;  // as the set of events knows it
  };

  TlsListener(UniqueFd socket, UniqueFd set, Address address, TlsContext context,
              const ConnectOptions& options, Make make);

  Result<void> take_in();
  Result<void> watch(Coming& client, bool known);
  std::unique_ptr<FrameConnection> step(Coming& client);
  void drop(Coming& client, const Error& why);
  void drop_late();

  const UniqueFd socket_;
  const UniqueFd set_;  // epoll: the socket, and those of the clients
  const Address address_;
  const TlsContext context_;
  const Duration handshake_;
  const Duration lost_after_;
  const Make make_;
  std::list<Coming> coming_;  // the oldest first: so are their deadlines
  std::vector<Error> dropped_;
};

}  // namespace troupe::transports
