// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqSocket: a ZeroMQ socket with the options that every one of ours has, and the events of its
// connections. libzmq's sockets may be used by one thread at a time: the owner's mutex sees to it.
// Its descriptors tell that something happened, not what, and any call may swallow the news for
// both directions: so whoever has used the socket receives until would_block before it lets go.

#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/zmq/curve_keys.hpp"
#include "troupe/transports/zmq/internal/zmq_context.hpp"

#include <zmq.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace troupe::transports {

// What happened to a connection below a socket.
struct ZmqEvent {
  enum class Kind : std::uint8_t {
    connected,       // the other side's kernel answers
    handshaken,      // and its ZeroMQ does
    refused_key,     // the listener does not let this key in
    not_understood,  // the other side's ZeroMQ has another mechanism, keys that do not fit, or none
    unreachable,     // connecting has failed
    disconnected,
    short_of_fds,  // a client could not be accepted: descriptors are short
  };
  Kind kind;
  int fd;  // of the connection; of some events a number that means nothing here
};

class ZmqSocket final {
 public:
  enum class Kind : std::uint8_t { dealer, router };

  // Errors: overloaded (descriptors are short), system.
  static Result<ZmqSocket> create(const std::shared_ptr<ZmqContext>& context, Kind kind);
  ZmqSocket(ZmqSocket&& other) noexcept = default;
  ZmqSocket& operator=(ZmqSocket&& other) = delete;
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;
  // Closes; what was sent and has not left goes on leaving for two seconds at most.
  ~ZmqSocket();

  void set(int option, int value) noexcept;
  void set(int option, const std::string& value) noexcept;
  // How long a handshake may take, and how soon a peer that is silent is gone.
  void set_patience(Duration handshake, Duration lost_after) noexcept;

  // Encrypts: a listener's side, which asks the gate in the name of `domain`, or a client's.
  void serve_curve(const CurveKeys& own, const std::string& domain) noexcept;
  void use_curve(const CurveKeys& own, const std::string& server_key) noexcept;
  // Lets in only this user's processes, and root's; of Unix sockets.
  void let_in_own_user() noexcept;

  Result<void> connect(const std::string& endpoint, const std::string& doing);
  // Listens with a socket that is bound and listening; takes it over.
  Result<void> listen(UniqueFd socket, const std::string& endpoint, const std::string& doing);
  // Stops; the event `unreachable` says that the socket is closed.
  void unlisten() noexcept;

  // To the peer of a dealer, or to one of a router's: takes the message. False: it cannot be
  // reached, or reads nothing. There is always room else: who sends bounds what is under way.
  bool send(zmq::message_t message) noexcept;
  bool send(std::string_view peer, zmq::message_t message) noexcept;
  // The next part of a message; nothing when none is here.
  std::optional<zmq::message_t> receive() noexcept;
  std::optional<ZmqEvent> next_event() noexcept;

  // Readable when receive() or next_event() may find something. Edges: see above.
  int news() const noexcept { return news_; }
  int event_news() const noexcept { return event_news_; }

  // What has not left is dropped at the close.
  void forget_unsent() noexcept { set(ZMQ_LINGER, 0); }

 private:
  struct Close {
    std::shared_ptr<ZmqContext> context;  // outlives the sockets
    void operator()(void* socket) const noexcept;
  };
  using Handle = std::unique_ptr<void, Close>;

  ZmqSocket(Handle socket, Handle events);

  Handle socket_;
  Handle events_;
  int news_ = -1;
  int event_news_ = -1;
};

}  // namespace troupe::transports
