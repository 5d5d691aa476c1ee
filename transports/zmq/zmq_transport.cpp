// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/zmq_transport.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/stream/stream_connection.hpp"
#include "troupe/transports/zmq/curve_keys.hpp"
#include "troupe/transports/zmq/internal/zmq_bridge.hpp"
#include "troupe/transports/zmq/internal/zmq_dial.hpp"
#include "troupe/transports/zmq/internal/zmq_gate.hpp"
#include "troupe/transports/zmq/internal/zmq_place.hpp"
#include "troupe/transports/zmq/internal/zmq_router.hpp"
#include "troupe/transports/zmq/internal/zmq_stream.hpp"

#include <poll.h>

#include <functional>
#include <string>
#include <utility>

namespace troupe::transports {
namespace {

constexpr Capabilities kTcpCapabilities{.duplex = true, .many_peers = true, .other_hosts = true};
constexpr Capabilities kIpcCapabilities{.duplex = true, .many_peers = true};

std::unique_ptr<FrameConnection> make(std::unique_ptr<ZmqEnd> end, const Address& peer,
                                      Capabilities capabilities, const ConnectOptions& options) {
  return std::make_unique<StreamConnection>(
      std::make_unique<ZmqStream>(std::move(end)),
      StreamConnection::Setup{peer, capabilities, options.framing, options.max_message});
}

// What protects a listener of these options.
std::string guard_of(const ConnectOptions& options) {
  return options.curve.secret_key.string() + '\n' + options.curve.clients.string();
}

class ZmqListener final : public FrameListener {
 public:
  using Make = std::function<std::unique_ptr<FrameConnection>(ZmqRouter::Accepted&& accepted)>;

  ZmqListener(std::shared_ptr<ZmqRouter> router, Address address, Make make)
      : router_(std::move(router)), address_(std::move(address)), make_(std::move(make)) {}
  ~ZmqListener() override {
    if (!router_->is_forked_copy()) {
      router_->stop_listening();
    }
  }

  Result<std::unique_ptr<FrameConnection>> try_accept() override {
    auto accepted = router_->try_accept();
    return accepted.end != nullptr ? make_(std::move(accepted)) : nullptr;
  }
  Readiness readable() const noexcept override { return {router_->arrivals(), POLLIN}; }
  std::vector<Error> take_dropped() override { return router_->take_dropped(); }
  const Address& address() const noexcept override { return address_; }

 private:
  const std::shared_ptr<ZmqRouter> router_;
  const Address address_;
  const Make make_;
};

}  // namespace

std::string_view ZmqTransport::scheme() const noexcept {
  return below_ == Below::tcp ? "zmq+tcp" : "zmq+ipc";
}

Capabilities ZmqTransport::capabilities() const noexcept {
  return below_ == Below::tcp ? kTcpCapabilities : kIpcCapabilities;
}

std::string ZmqTransport::caution(const ConnectOptions& options) {
  const bool encrypts = !options.curve.secret_key.empty() || !options.curve.server_key.empty();
  return encrypts && !curve_is_fast() && !cautioned_.exchange(true) ? std::string{kSlowCurve} : "";
}

Result<std::unique_ptr<Dial>> ZmqTransport::dial(const Address& address,
                                                 const ConnectOptions& options) {
  std::string doing = "connect to " + address.text();
  auto endpoints = zmq_endpoints(address, doing);
  if (!endpoints) {
    return endpoints.error();
  }
  auto context = this->context();
  if (!context) {
    return context.error().within(doing);
  }
  ZmqDial::Setup setup{
      .context = std::move(*context),
      .doing = doing,
      .endpoints = std::move(*endpoints),
      .server_key = {},
      .options = options,
      .make = [address, capabilities = capabilities(), options](std::unique_ptr<ZmqEnd> end) {
        return make(std::move(end), address, capabilities, options);
      }};
  if (const auto& curve = options.curve; !curve.server_key.empty()) {
    const auto server = CurveKeys::read(curve.server_key, false, doing);
    const auto own = curve.secret_key.empty() ? CurveKeys::make()
                                              : CurveKeys::read(curve.secret_key, true, doing);
    if (!server || !own) {
      return server ? own.error() : server.error();
    }
    setup.server_key = server->public_key;
    setup.own = *own;
  } else if (!curve.secret_key.empty()) {
    return Error{Code::invalid_argument,
                 doing +
                     ": a key of one's own is of use only with the listener's "
                     "(CurveOptions::server_key)"};
  }
  return std::unique_ptr<Dial>{std::make_unique<ZmqDial>(std::move(setup))};
}

Result<std::unique_ptr<FrameListener>> ZmqTransport::listen(const Address& address,
                                                            const ConnectOptions& options) {
  const std::string doing = "listen at " + address.text();
  const bool encrypted = !options.curve.secret_key.empty();
  if (!encrypted && !options.curve.clients.empty()) {
    return Error{Code::invalid_argument,
                 doing +
                     ": clients are known by keys only where the listener has one "
                     "(CurveOptions::secret_key)"};
  }
  auto place = ZmqPlace::of(address, encrypted, doing);
  if (!place) {
    return place.error();
  }
  auto router = take_over(place->endpoint(), guard_of(options));
  if (router == nullptr) {
    auto made = make_router(*place, address, options, doing);
    if (!made) {
      return made.error();
    }
    router = std::move(*made);
  }
  Address at = zmq_address(address, router->endpoint());
  auto connection = [at, scheme = std::string{scheme()}, capabilities = capabilities(),
                     options](ZmqRouter::Accepted&& accepted) {
    const Address from{scheme + "://" + accepted.from};
    return make(std::move(accepted.end), from.host().empty() ? at : from, capabilities, options);
  };
  return std::unique_ptr<FrameListener>{
      std::make_unique<ZmqListener>(std::move(router), std::move(at), std::move(connection))};
}

// The router of connections that have outlived their listener there; null where there is none.
std::shared_ptr<ZmqRouter> ZmqTransport::take_over(const std::string& endpoint,
                                                   const std::string& guard) {
  const std::lock_guard lock{mutex_};
  std::erase_if(routers_, [](const auto& router) { return router.expired(); });
  for (const auto& known : routers_) {
    auto router = known.lock();
    if (router != nullptr && router->endpoint() == endpoint && router->guard() == guard &&
        router->listen_again()) {
      return router;
    }
  }
  return nullptr;
}

Result<std::shared_ptr<ZmqRouter>> ZmqTransport::make_router(const ZmqPlace& place,
                                                             const Address& address,
                                                             const ConnectOptions& options,
                                                             const std::string& doing) {
  auto bridge = this->bridge();
  if (!bridge) {
    return bridge.error().within(doing);
  }
  auto socket = ZmqSocket::create((*bridge)->context(), ZmqSocket::Kind::router);
  if (!socket) {
    return socket.error().within(doing);
  }
  socket->set_patience(options.handshake, options.lost_after);
  if (below_ == Below::ipc && address.option("peers") != "any") {
    socket->let_in_own_user();
  }
  auto lock_up = guard(*socket, options.curve, doing);
  if (!lock_up) {
    return lock_up.error();
  }
  auto listening = place.listen(doing);
  if (!listening) {
    (*lock_up)();
    return listening.error();
  }
  auto release = [lock_up = std::move(*lock_up), free = std::move(listening->release)] {
    lock_up();
    if (free) {
      free();
    }
  };
  if (auto bound = socket->listen(std::move(listening->socket), listening->endpoint, doing);
      !bound) {
    release();
    return bound.error();
  }
  auto router =
      ZmqRouter::create({std::move(*bridge), std::move(*socket), std::move(listening->endpoint),
                         guard_of(options), !options.curve.clients.empty(), std::move(release)},
                        doing);
  if (router) {
    const std::lock_guard lock{mutex_};
    routers_.push_back(*router);
  }
  return router;
}

// Has a listener's socket encrypt, where it has a key. Returns what to call once it is gone.
Result<std::function<void()>> ZmqTransport::guard(ZmqSocket& socket, const CurveOptions& curve,
                                                  const std::string& doing) {
  if (curve.secret_key.empty()) {
    return std::function<void()>{[] {}};
  }
  const auto own = CurveKeys::read(curve.secret_key, true, doing);
  if (!own) {
    return own.error();
  }
  auto gate = this->gate();
  if (!gate) {
    return gate.error().within(doing);
  }
  const std::string domain = Random::system().name(16);
  if (auto opened = (*gate)->open(domain, curve.clients, doing); !opened) {
    return opened.error();
  }
  socket.serve_curve(*own, domain);
  return std::function<void()>{[gate = std::move(*gate), domain] { gate->close(domain); }};
}

Result<ConnectionPair> ZmqTransport::pair(const Address& address, Direction /*direction*/,
                                          const ConnectOptions& /*options*/) {
  return Error{Code::invalid_argument, "make a pair of " + address.text() +
                                           ": its ends could not travel to another process; try "
                                           "shm: or unix:"};
}

Result<std::unique_ptr<FrameConnection>> ZmqTransport::adopt(Handover handover) {
  return Error{Code::refused, "continue " + handover.peer +
                                  ": a session over ZeroMQ stays in the process that made it"};
}

Result<std::shared_ptr<ZmqContext>> ZmqTransport::context() {
  const std::lock_guard lock{mutex_};
  if (context_ == nullptr) {
    auto made = ZmqContext::create();
    if (!made) {
      return made.error();
    }
    context_ = std::move(*made);
  }
  return context_;
}

Result<std::shared_ptr<ZmqBridge>> ZmqTransport::bridge() {
  auto context = this->context();
  if (!context) {
    return context.error();
  }
  const std::lock_guard lock{mutex_};
  if (bridge_ == nullptr) {
    auto made = ZmqBridge::create(std::move(*context));
    if (!made) {
      return made.error();
    }
    bridge_ = std::move(*made);
  }
  return bridge_;
}

Result<std::shared_ptr<ZmqGate>> ZmqTransport::gate() {
  auto bridge = this->bridge();
  if (!bridge) {
    return bridge.error();
  }
  const std::lock_guard lock{mutex_};
  if (gate_ == nullptr) {
    auto made = ZmqGate::create(**bridge);
    if (!made) {
      return made.error();
    }
    gate_ = std::move(*made);
  }
  return gate_;
}

}  // namespace troupe::transports
