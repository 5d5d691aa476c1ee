// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/tls_transport.hpp"

#include "troupe/transports/socket/socket_listener.hpp"
#include "troupe/transports/socket/tcp_socket.hpp"
#include "troupe/transports/stream/stream_connection.hpp"
#include "troupe/transports/tls/internal/tls_context.hpp"
#include "troupe/transports/tls/internal/tls_listener.hpp"
#include "troupe/transports/tls/internal/tls_stream.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace troupe::transports {
namespace {

constexpr Capabilities kCapabilities{.duplex = true, .many_peers = true, .other_hosts = true};

std::unique_ptr<FrameConnection> make(std::unique_ptr<TlsStream> stream, const Address& peer,
                                      const ConnectOptions& options) {
  return std::make_unique<StreamConnection>(
      std::move(stream),
      StreamConnection::Setup{peer, kCapabilities, options.framing, options.max_message});
}

// Connects, then does the handshake.
class TlsDial final : public Dial {
 public:
  TlsDial(const Address& address, std::vector<SocketAddress> candidates, TlsContext context,
          ConnectOptions options)
      : address_(address),
        context_(std::move(context)),
        options_(std::move(options)),
        doing_("connect to " + address.text()),
        attempts_(address, std::move(candidates)) {}

  Result<std::unique_ptr<FrameConnection>> step() override {
    if (stream_ == nullptr) {
      auto socket = attempts_.step();
      if (!socket) {
        return socket.error();
      }
      if (!*socket) {
        return std::unique_ptr<FrameConnection>{};
      }
      if (auto begun = begin(std::move(*socket)); !begun) {
        return begun.error().within(doing_);
      }
    }
    const auto progress = stream_->try_handshake();
    if (!progress) {
      return progress.error().within(doing_);
    }
    if (*progress == Progress::done) {
      return make(std::move(stream_), address_, options_);
    }
    if (until_.passed()) {
      return Error{Code::timed_out,
                   doing_ +
                       ": the peer did not finish the TLS handshake in time "
                       "(ConnectOptions::handshake); it may be a listener of tcp:, or may "
                       "not be accepting"};
    }
    return std::unique_ptr<FrameConnection>{};
  }

  Readiness readiness() const noexcept override {
    return stream_ != nullptr ? stream_->readiness() : attempts_.readiness();
  }
  std::string_view waits_for() const noexcept override {
    return stream_ != nullptr ? "the peer has not finished the TLS handshake yet"
                              : "the host has not answered yet";
  }
  Deadline wake() const noexcept override { return until_; }

 private:
  Result<void> begin(UniqueFd socket) {
    prepare_tcp(socket.get(), options_.lost_after);
    const std::string& named = options_.tls.peer_name;
    auto stream = TlsStream::create(context_, std::move(socket), TlsSide::client,
                                    named.empty() ? std::string{address_.host()} : named);
    if (!stream) {
      return stream.error();
    }
    stream_ = std::move(*stream);
    until_ = Deadline{options_.handshake};
    return {};
  }

  const Address address_;
  const TlsContext context_;
  const ConnectOptions options_;
  const std::string doing_;
  SocketAttempts attempts_;
  std::unique_ptr<TlsStream> stream_;  // once connected
  Deadline until_ = Deadline::never();
};

}  // namespace

Capabilities TlsTransport::capabilities() const noexcept {
  return kCapabilities;
}

Result<std::unique_ptr<Dial>> TlsTransport::dial(const Address& address,
                                                 const ConnectOptions& options) {
  const std::string doing = "connect to " + address.text();
  if (address.port() == 0) {
    return Error{Code::invalid_argument, doing + ": it names no port"};
  }
  auto context = TlsContext::for_client(options.tls, doing);
  if (!context) {
    return context.error();
  }
  auto candidates = resolve(address, doing);
  if (!candidates) {
    return candidates.error();
  }
  return std::unique_ptr<Dial>{
      std::make_unique<TlsDial>(address, std::move(*candidates), std::move(*context), options)};
}

Result<std::unique_ptr<FrameListener>> TlsTransport::listen(const Address& address,
                                                            const ConnectOptions& options) {
  const std::string doing = "listen at " + address.text();
  auto context = TlsContext::for_listener(options.tls, doing);
  if (!context) {
    return context.error();
  }
  auto candidates = resolve(address, doing);
  if (!candidates) {
    return candidates.error();
  }
  auto socket = listen_at(candidates->front(), doing);
  if (!socket) {
    return socket.error();
  }
  Address chosen{text_of("tls", own_of(socket->get())) + std::string{address.path()}};
  auto listener =
      TlsListener::create(std::move(*socket), std::move(chosen), std::move(*context), options,
                          [options](std::unique_ptr<TlsStream> stream, const Address& peer) {
                            return make(std::move(stream), peer, options);
                          });
  if (!listener) {
    return listener.error();
  }
  return std::unique_ptr<FrameListener>{std::move(*listener)};
}

Result<ConnectionPair> TlsTransport::pair(const Address& address, Direction /*direction*/,
                                          const ConnectOptions& /*options*/) {
  return Error{Code::invalid_argument,
               "make a pair of " + address.text() +
                   ": two ends that are made together need no TLS between them; try shm: or unix:"};
}

Result<std::unique_ptr<FrameConnection>> TlsTransport::adopt(Handover handover) {
  return Error{Code::refused,
               "continue " + handover.peer + ": a TLS session stays in the process that made it"};
}

}  // namespace troupe::transports
