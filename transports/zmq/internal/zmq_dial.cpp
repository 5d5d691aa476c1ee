// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_dial.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace troupe::transports {
namespace {

// libzmq says only that connecting has failed.
bool may_use(const std::string& endpoint) noexcept {
  constexpr std::string_view kPath = "ipc:///";
  return !endpoint.starts_with(kPath) || ::access(endpoint.c_str() + kPath.size() - 1, W_OK) == 0 ||
         errno != EACCES;
}

}  // namespace

Result<std::unique_ptr<FrameConnection>> ZmqDial::step() {
  for (;;) {
    if (!socket_) {
      if (auto begun = begin(); !begun) {
        return begun.error().within(setup_.doing);
      }
    }
    news_->take();
    const auto over = take_events();
    if (const auto answer = socket_->receive()) {
      return take_answer(*answer);
    }
    if (over) {
      socket_->forget_unsent();
      socket_.reset();
      news_.reset();
      if (*over != Code::not_found || next_ == setup_.endpoints.size()) {
        next_ = 0;
        return over->within(setup_.doing);
      }
      continue;
    }
    if (until_.passed()) {
      return Error{Code::timed_out,
                   setup_.doing +
                       ": the listener did not answer in time (ConnectOptions::handshake); it may "
                       "speak another protocol over ZeroMQ, or have another key"};
    }
    return std::unique_ptr<FrameConnection>{};
  }
}

Result<void> ZmqDial::begin() {
  auto socket = ZmqSocket::create(setup_.context, ZmqSocket::Kind::dealer);
  if (!socket) {
    return socket.error();
  }
  socket->set_patience(setup_.options.handshake, setup_.options.lost_after);
  if (!setup_.server_key.empty()) {
    socket->use_curve(setup_.own, setup_.server_key);
  }
  auto news = os::EventSet::create();
  if (!news) {
    return news.error();
  }
  for (const int fd : {socket->news(), socket->event_news()}) {
    if (auto added = news->add_bell(fd); !added) {
      return added.error();
    }
  }
  if (auto connected = socket->connect(setup_.endpoints.at(next_++), "reach the listener");
      !connected) {
    return connected.error();
  }
  (void)socket->send(zmq_greeting(ZmqWord::hello));  // leaves once there is a connection
  socket_.emplace(std::move(*socket));
  news_ = std::move(*news);
  connected_ = false;
  return {};
}

std::optional<Error> ZmqDial::take_events() {
  std::optional<Error> over;
  while (const auto event = socket_->next_event()) {
    switch (event->kind) {
      case ZmqEvent::Kind::connected:
        connected_ = true;
        until_ = Deadline{setup_.options.handshake};
        break;
      case ZmqEvent::Kind::unreachable:
        over = may_use(setup_.endpoints.at(next_ - 1))
                   ? Error{Code::not_found, "nobody listens there"}
                   : Error{Code::refused, "the socket is not for this user"};
        break;
      case ZmqEvent::Kind::refused_key:
        over = Error{Code::refused, "the listener does not let this key in"};
        break;
      case ZmqEvent::Kind::not_understood:
      case ZmqEvent::Kind::disconnected:
        over = over.value_or(Error{
            Code::refused,
            "whoever listens there ended the handshake: it is no ZeroMQ, or wants another key or "
            "none"});
        break;
      case ZmqEvent::Kind::handshaken:
      case ZmqEvent::Kind::short_of_fds:
        break;
    }
  }
  return over;
}

Result<std::unique_ptr<FrameConnection>> ZmqDial::take_answer(const zmq::message_t& message) {
  const auto news = read_zmq_news(message);
  if (news && news->word == ZmqWord::refusal) {
    return news->refusal().within(setup_.doing);
  }
  if (!news || news->word != ZmqWord::welcome || news->window == 0) {
    return Error{Code::refused, setup_.doing +
                                    ": whoever listens there speaks ZeroMQ, and not troupe's "
                                    "protocol over it"};
  }
  if (news->version != kZmqVersion) {
    return Error{Code::refused, setup_.doing + ": the listener speaks version " +
                                    std::to_string(news->version) + " of the protocol, this end " +
                                    std::to_string(kZmqVersion)};
  }
  auto end =
      ZmqDealer::create({std::move(*socket_), setup_.context, news->window, setup_.server_key});
  if (!end) {
    return end.error().within(setup_.doing);
  }
  return setup_.make(std::move(*end));
}

Readiness ZmqDial::readiness() const noexcept {
  return news_ ? Readiness{news_->fd(), POLLIN, &*news_} : Readiness{};
}

std::string_view ZmqDial::waits_for() const noexcept {
  return connected_ ? "the listener has not answered yet" : "the host has not answered yet";
}

}  // namespace troupe::transports
