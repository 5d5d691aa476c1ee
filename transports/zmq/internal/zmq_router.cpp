// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_router.hpp"

#include "troupe/base/os/bell.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace troupe::transports {
namespace {

// libzmq says that a connection has ended before it stops taking messages for it.
constexpr std::array kTries{std::chrono::milliseconds{0},   std::chrono::milliseconds{1},
                            std::chrono::milliseconds{5},   std::chrono::milliseconds{25},
                            std::chrono::milliseconds{200}, std::chrono::milliseconds{1000}};
// Messages taken in one turn: then the threads that send have theirs.
constexpr int kTurn = 1000;
// Sessions that have waited so often within this time look after the socket themselves.
constexpr int kOften = 5;
constexpr auto kSpell = std::chrono::milliseconds{10};
constexpr int kReleased = 1000;  // milliseconds for libzmq to close a listening socket

// What libzmq knows of who sent the message; empty where that is nothing.
std::string known_of(zmq::message_t& message, const char* property) {
  const char* text = ::zmq_msg_gets(message.handle(), property);
  return text != nullptr ? text : "";
}

// As addresses spell it.
std::string host_of(zmq::message_t& message) {
  const std::string host = known_of(message, "Peer-Address");
  return host.find(':') != std::string::npos ? "[" + host + "]" : host;
}

Error gone() {
  return {Code::disconnected, "the connection has broken, or the peer is gone", Effect::unknown};
}

}  // namespace

// ---- a session's end ---------------------------------------------------------------------------

class ZmqRouterEnd final : public ZmqEnd {
 public:
  ZmqRouterEnd(std::shared_ptr<ZmqRouter> router, std::shared_ptr<ZmqRouter::Peer> peer)
      : router_(std::move(router)), peer_(std::move(peer)) {}
  ~ZmqRouterEnd() override {
    if (!is_forked_copy()) {
      const std::lock_guard lock{mutex()};
      router_->leave(peer_);
    }
  }

  std::mutex& mutex() const noexcept override { return router_->mutex_; }
  ZmqSession& session() noexcept override { return peer_->session; }
  bool send(zmq::message_t message) override {
    const bool sent = router_->setup_.socket.send(peer_->name, std::move(message));
    settle();  // others may wait for what the sending has swallowed
    return sent;
  }
  void settle() override { router_->share_news(); }
  void settle_to_wait() override { settle(); }  // the bridge hears what libzmq says

  void begin_wait_to_read() noexcept override {
    ++router_->waits_;
    peer_->reads.take();
  }

  Readiness readable() const noexcept override {
    return {peer_->reads.fd(), POLLIN, &peer_->reads};
  }
  Readiness writable() const noexcept override { return {peer_->session.has_room(), POLLIN}; }
  bool is_forked_copy() const noexcept override { return router_->is_forked_copy(); }
  std::string peer_key() const override { return peer_->key; }

 private:
  const std::shared_ptr<ZmqRouter> router_;
  const std::shared_ptr<ZmqRouter::Peer> peer_;
};

// ---- the router --------------------------------------------------------------------------------

ZmqRouter::ZmqRouter(Setup setup, UniqueFd arrivals)
    : arrivals_(std::move(arrivals)), setup_(std::move(setup)) {}

Result<std::shared_ptr<ZmqRouter>> ZmqRouter::create(Setup setup, const std::string& doing) {
  UniqueFd arrivals{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)};
  if (!arrivals) {
    Error why = Error::system(doing, errno);
    setup.release();
    return why;
  }
  ZmqBridge& bridge = *setup.bridge;
  std::shared_ptr<ZmqRouter> router{new ZmqRouter{std::move(setup), std::move(arrivals)}};
  if (auto added = bridge.add(*router, doing); !added) {
    return added.error();
  }
  bridge.nudge(*router);  // who was quick has come already
  return router;
}

ZmqRouter::~ZmqRouter() {
  if (is_forked_copy()) {
    return;
  }
  setup_.bridge->remove(*this);
  setup_.socket.unlisten();
  // The address is free only once libzmq's thread has closed the socket.
  for (int waited = 0; !released_ && waited < kReleased; ++waited) {
    take_events();
    pollfd item{setup_.socket.event_news(), POLLIN, 0};
    ::poll(&item, 1, released_ ? 0 : 1);
  }
  setup_.release();
}

ZmqRouter::Accepted ZmqRouter::try_accept() {
  const std::lock_guard lock{mutex_};
  if (coming_.empty()) {
    return {};
  }
  os::silence(arrivals_);  // by one
  auto peer = std::move(coming_.front());
  coming_.pop_front();
  std::string from = peer->from;
  return {std::make_unique<ZmqRouterEnd>(shared_from_this(), std::move(peer)), std::move(from)};
}

std::vector<Error> ZmqRouter::take_dropped() {
  const std::lock_guard lock{mutex_};
  return std::exchange(dropped_, {});
}

void ZmqRouter::stop_listening() noexcept {
  const std::lock_guard lock{mutex_};
  listening_ = false;
  for (const auto& peer : std::exchange(coming_, {})) {
    os::silence(arrivals_);
    leave(peer);
  }
}

bool ZmqRouter::listen_again() noexcept {
  const std::lock_guard lock{mutex_};
  return !std::exchange(listening_, true);
}

ZmqBridge::Served::Turn ZmqRouter::serve() {
  const std::lock_guard lock{mutex_};
  take_events();
  const bool more = take_messages();
  const Deadline next = try_suspects();
  if (more) {
    return {Deadline::at_once()};
  }
  return is_looked_after() ? Turn{earlier(next, Deadline{kSpell}), false} : Turn{next};
}

// Whether sessions take what comes, one message after the other; the bridge looks from time to time
// whether they still do.
bool ZmqRouter::is_looked_after() {
  if (direct_ && waits_ >= kOften) {
    waits_ = 0;
    return true;
  }
  if (spell_.passed()) {
    spell_ = Deadline{kSpell};
    waits_ = 0;
  }
  return false;
}

// True: there is more, for the bridge to do.
bool ZmqRouter::take_messages() {
  for (int i = 0; i < kTurn; ++i) {
    auto name = setup_.socket.receive();
    if (!name) {
      return false;
    }
    // A message's parts come together.
    std::size_t parts = 1;
    zmq::message_t body;
    for (bool more = name->more(); more; ++parts) {
      auto next = setup_.socket.receive();
      if (!next) {
        break;
      }
      more = next->more();
      body = std::move(*next);
    }
    if (parts == 2) {
      take_message(name->to_string_view(), std::move(body));
    } else {
      refuse(name->to_string_view(),
             {Code::malformed, "a message of several frames is none of troupe's"});
    }
  }
  return true;
}

// For who is not the bridge.
void ZmqRouter::share_news() {
  if (take_messages()) {
    setup_.bridge->nudge(*this);
  }
}

void ZmqRouter::take_events() {
  while (const auto event = setup_.socket.next_event()) {
    switch (event->kind) {
      case ZmqEvent::Kind::disconnected:
        suspects_.push_back({event->fd, 0, Deadline::at_once()});
        break;
      case ZmqEvent::Kind::unreachable:
        released_ = true;
        break;
      case ZmqEvent::Kind::refused_key:
        drop({Code::refused, "a client's key is not among those that are let in"});
        break;
      case ZmqEvent::Kind::not_understood:
        drop({Code::refused,
              "a client speaks no ZeroMQ, or has another security mechanism or server key"});
        break;
      case ZmqEvent::Kind::short_of_fds:
        drop({Code::overloaded, "a client could not be accepted: descriptors are short"});
        break;
      case ZmqEvent::Kind::connected:
      case ZmqEvent::Kind::handshaken:
        break;
    }
  }
}

void ZmqRouter::take_message(std::string_view name, zmq::message_t message) {
  if (const auto found = peers_.find(std::string{name}); found != peers_.end()) {
    ZmqSession& session = found->second->session;
    const bool was_over = session.is_over();
    session.take_in(std::move(message));
    if (!was_over && session.is_over() && !session.lost()) {
      (void)setup_.socket.send(name, session.last_word(ZmqWord::bye));  // its bye is answered
    }
    return;
  }
  const auto news = read_zmq_news(message);
  if (news && news->word == ZmqWord::hello) {
    greet(name, *news, message);
  } else if (!news || news->word == ZmqWord::data) {
    refuse(name,
           {Code::refused, "there is no such session: it has ended, or never began with a hello"});
  }
}

void ZmqRouter::greet(std::string_view name, const ZmqNews& hello, zmq::message_t& message) {
  if (hello.version < kZmqVersion || hello.window == 0) {
    refuse(name, {Code::refused, "the hello is of version " + std::to_string(hello.version) +
                                     "; this end speaks version " + std::to_string(kZmqVersion)});
    return;
  }
  if (!listening_) {
    refuse(name, {Code::not_found, "nobody listens any more"});
    return;
  }
  if (coming_.size() >= kMostComing) {
    refuse(name, {Code::overloaded, "too many sessions wait to be accepted"});
    return;
  }
  auto session = ZmqSession::create(hello.window);
  auto reads = os::EventSet::create();
  const auto watched = session && reads ? reads->add_bell(session->arrived()) : Result<void>{};
  if (!session || !reads || !watched) {
    const Error why = !session ? session.error() : !reads ? reads.error() : watched.error();
    drop(why);
    refuse(name, why);
    return;
  }
  const int fd = ::zmq_msg_get(message.handle(), ZMQ_SRCFD);
  // Of others libzmq passes on what they say of themselves.
  std::string key = setup_.knows_clients ? known_of(message, "User-Id") : "";
  auto peer = std::make_shared<Peer>(Peer{std::string{name}, host_of(message), std::move(key), fd,
                                          std::move(*session), std::move(*reads)});
  auto& latest = by_fd_[fd];
  if (latest != nullptr) {
    latest->session.lose(gone());  // its descriptor is another's now
  }
  latest = peer;
  peers_.emplace(peer->name, peer);
  watch_directly(*peer, direct_);
  adapt();
  coming_.push_back(std::move(peer));
  os::ring(arrivals_);
  (void)setup_.socket.send(name, zmq_greeting(ZmqWord::welcome));
}

void ZmqRouter::refuse(std::string_view name, const Error& why) {
  if (const auto found = peers_.find(std::string{name}); found != peers_.end()) {
    found->second->session.lose(why);
  }
  (void)setup_.socket.send(name, zmq_refusal(why.code(), why.what()));
}

void ZmqRouter::drop(Error why) {
  if (dropped_.size() < kMostDropped) {
    dropped_.push_back(std::move(why));
  }
}

Deadline ZmqRouter::try_suspects() {
  Deadline next = Deadline::never();
  for (Suspect& suspect : suspects_) {
    if (suspect.next.passed()) {
      const auto found = by_fd_.find(suspect.fd);
      if (found != by_fd_.end() && !setup_.socket.send(found->second->name, zmq_probe())) {
        found->second->session.lose(gone());
        by_fd_.erase(found);
        suspect.tries = kTries.size();
        continue;
      }
      if (++suspect.tries < kTries.size()) {
        suspect.next = Deadline{kTries.at(suspect.tries)};
      }
    }
    if (suspect.tries < kTries.size()) {
      next = earlier(next, suspect.next);
    }
  }
  std::erase_if(suspects_, [](const Suspect& its) { return its.tries >= kTries.size(); });
  return next;
}

void ZmqRouter::leave(const std::shared_ptr<Peer>& peer) {
  if (!peer->session.is_over()) {
    (void)setup_.socket.send(peer->name, peer->session.last_word(ZmqWord::bye));
    share_news();
  }
  if (const auto found = by_fd_.find(peer->fd); found != by_fd_.end() && found->second == peer) {
    by_fd_.erase(found);
  }
  peers_.erase(peer->name);
  adapt();
}

// The bridge waits for the same news: where there is no descriptor left for this, it does alone.
void ZmqRouter::watch_directly(Peer& peer, bool directly) const noexcept {
  peer.reads.remove(setup_.socket.news());
  if (directly) {
    (void)peer.reads.add_bell(setup_.socket.news());
  }
}

void ZmqRouter::adapt() {
  if (const bool few = peers_.size() <= kMostDirect; few != direct_) {
    direct_ = few;
    for (const auto& [name, peer] : peers_) {
      watch_directly(*peer, few);
    }
  }
}

}  // namespace troupe::transports
