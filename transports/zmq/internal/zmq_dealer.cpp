// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_dealer.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <utility>

namespace troupe::transports {
namespace {

Result<os::EventSet> watch(const ZmqSocket& socket, int bell) {
  auto set = os::EventSet::create();
  for (const int fd : {socket.news(), socket.event_news(), bell}) {
    if (!set) {
      return set;
    }
    if (auto added = set->add_bell(fd); !added) {
      return added.error();
    }
  }
  return set;
}

}  // namespace

ZmqDealer::ZmqDealer(Setup setup, ZmqSession session, os::EventSet reads, os::EventSet writes)
    : context_(std::move(setup.context)),
      server_key_(std::move(setup.server_key)),
      socket_(std::move(setup.socket)),
      session_(std::move(session)),
      reads_(std::move(reads)),
      writes_(std::move(writes)) {}

Result<std::unique_ptr<ZmqDealer>> ZmqDealer::create(Setup setup) {
  auto session = ZmqSession::create(setup.window);
  if (!session) {
    return session.error();
  }
  auto reads = watch(setup.socket, session->arrived());
  auto writes = watch(setup.socket, session->has_room());
  if (!reads || !writes) {
    return reads ? writes.error() : reads.error();
  }
  return std::unique_ptr<ZmqDealer>{
      new ZmqDealer{std::move(setup), std::move(*session), std::move(*reads), std::move(*writes)}};
}

ZmqDealer::~ZmqDealer() {
  if (is_forked_copy()) {
    return;
  }
  settle_to_wait();
  if (!session_.is_over() && !gone_) {
    (void)socket_.send(session_.last_word(ZmqWord::bye));
    await_farewell();
  }
  if (session_.is_over() || gone_) {
    socket_.forget_unsent();  // nobody is there to take it, or all has been taken
  }
}

// The peer answers a bye. Where it is slow to, libzmq goes on sending in the background; but where
// it is gone, libzmq would wait for it, and the end of the context for that.
void ZmqDealer::await_farewell() {
  constexpr std::chrono::milliseconds kPatience{5};
  const Deadline until{kPatience};
  while (!session_.is_over() && !gone_ && !until.passed()) {
    std::array items{pollfd{socket_.news(), POLLIN, 0}, pollfd{socket_.event_news(), POLLIN, 0}};
    (void)::poll(items.data(), items.size(), 1);
    settle_to_wait();
  }
}

bool ZmqDealer::send(zmq::message_t message) {
  const bool sent = socket_.send(std::move(message));
  if (session_.is_awaited()) {
    settle();
  }
  return sent;
}

void ZmqDealer::settle() {
  while (auto message = socket_.receive()) {
    session_.take_in(std::move(*message));
  }
}

void ZmqDealer::settle_to_wait() {
  // What came before the end of a connection was here before the event is.
  while (auto event = socket_.next_event()) {
    gone_ = gone_ || event->kind == ZmqEvent::Kind::disconnected;
  }
  settle();
  if (gone_) {
    session_.lose({Code::disconnected, "the connection to the peer has broken, or it is gone",
                   Effect::unknown});
  }
}

Readiness ZmqDealer::readable() const noexcept {
  return {reads_.fd(), POLLIN, &reads_};
}

Readiness ZmqDealer::writable() const noexcept {
  return {writes_.fd(), POLLIN, &writes_};
}

}  // namespace troupe::transports
