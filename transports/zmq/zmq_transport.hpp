// SPDX-License-Identifier: Apache-2.0
#pragma once

// zmq+tcp and zmq+ipc: frames over ZeroMQ, for peers in every language: zmq+tcp://host:port/name
// and zmq+ipc:/path, which serves this user's processes unless ?peers=any is said. A listener is
// one ROUTER socket, a client one DEALER. What ZeroMQ leaves open is closed here: what is under way
// is bounded in bytes, a loss is told, a peer that is gone is noticed, a name in use is not taken
// away. ZeroMQ does not connect again by itself; whoever made the connection does. A connection
// stays in the process that made it, so its ends cannot travel, and there are no pairs. When to use
// it: docs/choosing.md.

#include "troupe/transports/transport.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::transports {

class ZmqBridge;
class ZmqContext;
class ZmqGate;
class ZmqPlace;
class ZmqRouter;
class ZmqSocket;

// Thread-safe. Libzmq's threads begin with the first dial or listener, and end with the transport
// and all it made.
class ZmqTransport final : public Transport {
 public:
  enum class Below : std::uint8_t { tcp, ipc };

  explicit ZmqTransport(Below below) : below_(below) {}

  std::string_view scheme() const noexcept override;
  Capabilities capabilities() const noexcept override;
  // That this libzmq's CURVE is the slow one, where keys are used.
  std::string caution(const ConnectOptions& options) override;
  // The dial's own errors: not_found (nobody listens), refused (no ZeroMQ there, one that does not
  // speak troupe's protocol, or does not let this end in), timed_out (ConnectOptions::handshake).
  Result<std::unique_ptr<Dial>> dial(const Address& address,
                                     const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameListener>> listen(const Address& address,
                                                const ConnectOptions& options) override;
  Result<ConnectionPair> pair(const Address& address, Direction direction,
                              const ConnectOptions& options) override;
  Result<std::unique_ptr<FrameConnection>> adopt(Handover handover) override;

 private:
  Result<std::shared_ptr<ZmqContext>> context();
  Result<std::shared_ptr<ZmqBridge>> bridge();
  Result<std::shared_ptr<ZmqGate>> gate();
  std::shared_ptr<ZmqRouter> take_over(const std::string& endpoint, const std::string& guard);
  Result<std::shared_ptr<ZmqRouter>> make_router(const ZmqPlace& place, const Address& address,
                                                 const ConnectOptions& options,
                                                 const std::string& doing);
  Result<std::function<void()>> guard(ZmqSocket& socket, const CurveOptions& curve,
                                      const std::string& doing);

  const Below below_;
  std::atomic<bool> cautioned_{false};
  std::mutex mutex_;  // guards these, which are made at their first use
  std::shared_ptr<ZmqContext> context_;
  std::shared_ptr<ZmqBridge> bridge_;
  std::shared_ptr<ZmqGate> gate_;
  std::vector<std::weak_ptr<ZmqRouter>> routers_;
};

}  // namespace troupe::transports
