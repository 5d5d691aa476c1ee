// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_socket.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/zmq/internal/zmq_words.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace troupe::transports {
namespace {

// A socket, its events' two, and one connection.
constexpr int kSocketFds = 12;
constexpr int kLinger = 2000;  // milliseconds
// Messages that have not left for one peer. A session has its own, lower limit: who lets so many
// wait does not read.
constexpr int kUnsent = 1200;
constexpr int kReceived = 1000;           // messages of one peer that wait to be received, at most
constexpr int kNever = 24 * 3600 * 1000;  // milliseconds: libzmq is not to connect again by itself

int milliseconds(Duration duration) noexcept {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(count, 1), kNever));
}

bool is_ipv6(const std::string& endpoint) noexcept {
  return endpoint.starts_with("tcp://[");
}

int news_of(void* socket) noexcept {
  int fd = -1;
  std::size_t size = sizeof fd;
  (void)::zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
  return fd;
}

std::optional<ZmqEvent::Kind> kind_of(std::uint16_t event, std::uint32_t value) noexcept {
  switch (event) {
    case ZMQ_EVENT_CONNECTED:
      return ZmqEvent::Kind::connected;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return ZmqEvent::Kind::handshaken;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return ZmqEvent::Kind::refused_key;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      return ZmqEvent::Kind::not_understood;
    case ZMQ_EVENT_CLOSED:
      return ZmqEvent::Kind::unreachable;
    case ZMQ_EVENT_DISCONNECTED:
      return ZmqEvent::Kind::disconnected;
    case ZMQ_EVENT_ACCEPT_FAILED:
      return value == EMFILE || value == ENFILE ? std::optional{ZmqEvent::Kind::short_of_fds}
                                                : std::nullopt;
    default:
      return std::nullopt;
  }
}

constexpr int kWatched = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                         ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_CLOSED |
                         ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_ACCEPT_FAILED;

}  // namespace

void ZmqSocket::Close::operator()(void* socket) const noexcept {
  if (!context->is_forked_copy()) {
    ::zmq_close(socket);
  }
}

ZmqSocket::ZmqSocket(Handle socket, Handle events)
    : socket_(std::move(socket)),
      events_(std::move(events)),
      news_(news_of(socket_.get())),
      event_news_(news_of(events_.get())) {}

// An event that nobody is there to take would hold libzmq's thread for ever.
ZmqSocket::~ZmqSocket() {
  if (socket_ != nullptr && !socket_.get_deleter().context->is_forked_copy()) {
    ::zmq_socket_monitor(socket_.get(), nullptr, 0);
  }
}

Result<ZmqSocket> ZmqSocket::create(const std::shared_ptr<ZmqContext>& context, Kind kind) {
  const std::string doing = "make a ZeroMQ socket";
  if (auto free = expect_free_fds(kSocketFds, doing); !free) {
    return free.error();
  }
  Handle socket{::zmq_socket(context->get(), kind == Kind::dealer ? ZMQ_DEALER : ZMQ_ROUTER),
                Close{context}};
  if (socket == nullptr) {
    return Error::system(doing, errno);
  }
  const std::string place = "inproc://events-" + Random::system().name(16);
  if (::zmq_socket_monitor(socket.get(), place.c_str(), kWatched) != 0) {
    return Error::system(doing, errno);
  }
  Handle events{::zmq_socket(context->get(), ZMQ_PAIR), Close{context}};
  const int no_limit = 0;  // and so would one that there is no room for
  if (events == nullptr ||
      ::zmq_setsockopt(events.get(), ZMQ_RCVHWM, &no_limit, sizeof no_limit) != 0 ||
      ::zmq_connect(events.get(), place.c_str()) != 0) {
    return Error::system(doing, errno);
  }
  ZmqSocket made{std::move(socket), std::move(events)};
  made.set(ZMQ_LINGER, kLinger);
  made.set(ZMQ_SNDHWM, kUnsent);
  made.set(ZMQ_RCVHWM, kReceived);
  made.set(ZMQ_RECONNECT_IVL, kNever);
  const std::int64_t largest = kZmqChunk + 1024;
  (void)::zmq_setsockopt(made.socket_.get(), ZMQ_MAXMSGSIZE, &largest, sizeof largest);
  if (kind == Kind::router) {
    made.set(ZMQ_ROUTER_MANDATORY, 1);
  }
  return made;
}

void ZmqSocket::set(int option, int value) noexcept {
  (void)::zmq_setsockopt(socket_.get(), option, &value, sizeof value);
}

void ZmqSocket::set(int option, const std::string& value) noexcept {
  (void)::zmq_setsockopt(socket_.get(), option, value.data(), value.size());
}

void ZmqSocket::set_patience(Duration handshake, Duration lost_after) noexcept {
  set(ZMQ_HANDSHAKE_IVL, milliseconds(handshake));
  set(ZMQ_HEARTBEAT_IVL, milliseconds(lost_after / 3));
  set(ZMQ_HEARTBEAT_TIMEOUT, milliseconds(lost_after));
  // Tenths of a second in sixteen bits.
  set(ZMQ_HEARTBEAT_TTL, std::min(milliseconds(lost_after), 6'553'599));
}

void ZmqSocket::serve_curve(const CurveKeys& own, const std::string& domain) noexcept {
  set(ZMQ_CURVE_SERVER, 1);
  set(ZMQ_CURVE_SECRETKEY, own.secret_key);
  set(ZMQ_ZAP_DOMAIN, domain);
}

void ZmqSocket::use_curve(const CurveKeys& own, const std::string& server_key) noexcept {
  set(ZMQ_CURVE_SERVERKEY, server_key);
  set(ZMQ_CURVE_PUBLICKEY, own.public_key);
  set(ZMQ_CURVE_SECRETKEY, own.secret_key);
}

void ZmqSocket::let_in_own_user() noexcept {
  for (const uid_t user : {::geteuid(), uid_t{0}}) {
    (void)::zmq_setsockopt(socket_.get(), ZMQ_IPC_FILTER_UID, &user, sizeof user);
  }
}

Result<void> ZmqSocket::connect(const std::string& endpoint, const std::string& doing) {
  set(ZMQ_IPV6, is_ipv6(endpoint) ? 1 : 0);
  return ::zmq_connect(socket_.get(), endpoint.c_str()) == 0 ? Result<void>{}
                                                             : Error::system(doing, errno);
}

Result<void> ZmqSocket::listen(UniqueFd socket, const std::string& endpoint,
                               const std::string& doing) {
  set(ZMQ_IPV6, is_ipv6(endpoint) ? 1 : 0);
  set(ZMQ_USE_FD, socket.get());
  if (::zmq_bind(socket_.get(), endpoint.c_str()) != 0) {
    return Error::system(doing, errno);
  }
  (void)socket.release();
  return {};
}

void ZmqSocket::unlisten() noexcept {
  std::array<char, 512> endpoint{};
  std::size_t size = endpoint.size();
  if (::zmq_getsockopt(socket_.get(), ZMQ_LAST_ENDPOINT, endpoint.data(), &size) == 0) {
    ::zmq_unbind(socket_.get(), endpoint.data());
  }
}

bool ZmqSocket::send(zmq::message_t message) noexcept {
  while (::zmq_msg_send(message.handle(), socket_.get(), ZMQ_DONTWAIT) < 0) {
    if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// Where the peer goes between the two parts libzmq says nothing: the session's count does.
bool ZmqSocket::send(std::string_view peer, zmq::message_t message) noexcept {
  while (::zmq_send(socket_.get(), peer.data(), peer.size(), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
    if (errno != EINTR) {
      return false;
    }
  }
  return send(std::move(message));
}

std::optional<zmq::message_t> ZmqSocket::receive() noexcept {
  zmq::message_t message;
  while (::zmq_msg_recv(message.handle(), socket_.get(), ZMQ_DONTWAIT) < 0) {
    if (errno != EINTR) {
      return std::nullopt;
    }
  }
  return message;
}

std::optional<ZmqEvent> ZmqSocket::next_event() noexcept {
  for (;;) {
    zmq::message_t head;
    if (::zmq_msg_recv(head.handle(), events_.get(), ZMQ_DONTWAIT) < 0) {
      if (errno == EINTR) {
        continue;
      }
      return std::nullopt;
    }
    zmq::message_t place;
    (void)::zmq_msg_recv(place.handle(), events_.get(), ZMQ_DONTWAIT);
    std::uint16_t event = 0;
    std::uint32_t value = 0;
    if (head.size() != sizeof event + sizeof value) {
      continue;
    }
    std::memcpy(&event, head.data(), sizeof event);
    std::memcpy(&value, static_cast<const std::byte*>(head.data()) + sizeof event, sizeof value);
    if (const auto kind = kind_of(event, value)) {
      return ZmqEvent{*kind, static_cast<int>(value)};
    }
  }
}

}  // namespace troupe::transports
