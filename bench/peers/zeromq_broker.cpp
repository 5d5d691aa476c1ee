// SPDX-License-Identifier: Apache-2.0
#include "zeromq_broker.hpp"

#include "../fresh_process.hpp"
#include "../queue_run.hpp"
#include "zeromq_sockets.hpp"

#include <zmq.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench::zeromq {
namespace {

constexpr std::size_t kWindow = 256;  // items that a consumer has not acknowledged
constexpr std::uint64_t kBatch = 64;  // items acknowledged at once

class Broker final {
 public:
  Broker(const std::string& below, const std::optional<Keys>& own)
      : puts_at_(listen(puts_, below, "puts", own)),
        takes_at_(listen(takes_, below, "takes", own)) {}

  const std::string& puts_at() const noexcept { return puts_at_; }
  const std::string& takes_at() const noexcept { return takes_at_; }

  [[noreturn]] void serve() {
    std::array<zmq::pollitem_t, 2> sockets{
        {{takes_.handle(), 0, ZMQ_POLLIN, 0}, {puts_.handle(), 0, ZMQ_POLLIN, 0}}};
    for (;;) {
      zmq::poll(sockets.data(), with_room() != nullptr ? 2 : 1);
      while (try_receive(takes_)) {
        acknowledge();
      }
      for (Consumer* one = with_room(); one != nullptr && try_receive(puts_); one = with_room()) {
        hand_to(*one);
      }
    }
  }

 private:
  struct Consumer {
    zmq::message_t name;
    std::deque<zmq::message_t> in_work;
  };

  bool try_receive(zmq::socket_t& router) {
    return router.recv(from_, zmq::recv_flags::dontwait) && router.recv(body_);
  }
  // Of the first one, which says that a consumer is there, the count is 0.
  void acknowledge() {
    std::uint64_t count = 0;
    std::memcpy(&count, body_.data(), sizeof count);
    auto its = std::ranges::find(consumers_, from_, &Consumer::name);
    if (its == consumers_.end()) {
      its = consumers_.insert(its, Consumer{std::move(from_), {}});
    }
    for (; count > 0; --count) {
      its->in_work.pop_front();
    }
  }
  // Who has the least in work; null: nobody has room.
  Consumer* with_room() {
    const auto least = std::ranges::min_element(
        consumers_, {}, [](const Consumer& one) { return one.in_work.size(); });
    return least != consumers_.end() && least->in_work.size() < kWindow ? &*least : nullptr;
  }
  void hand_to(Consumer& one) {
    one.in_work.emplace_back().copy(body_);
    takes_.send(zmq::buffer(one.name.data(), one.name.size()), zmq::send_flags::sndmore);
    takes_.send(body_, zmq::send_flags::none);
  }

  zmq::context_t context_;
  zmq::socket_t puts_{context_, zmq::socket_type::router};
  zmq::socket_t takes_{context_, zmq::socket_type::router};
  const std::string puts_at_;
  const std::string takes_at_;
  std::vector<Consumer> consumers_;
  zmq::message_t from_;
  zmq::message_t body_;
};

// A producer or a consumer.
class Client final {
 public:
  Client(const std::string& where, const std::optional<Keys>& server) {
    connect(socket_, where, server);
  }
  zmq::socket_t& socket() noexcept { return socket_; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::dealer};
};

[[noreturn]] void produce(zmq::socket_t& socket, std::size_t size) {
  for (std::uint64_t number = kFirstNumber;; ++number) {
    socket.send(zmq::buffer(item_bytes(size, number)), zmq::send_flags::none);
  }
}

// Takes one at least, and what there is then; how many.
std::uint64_t take(zmq::socket_t& socket, std::size_t size) {
  zmq::message_t item = receive(socket);
  std::uint64_t taken = 0;
  do {
    (void)item_number(item.data(), item.size(), size);
    ++taken;
  } while (taken < kBatch && socket.recv(item, zmq::recv_flags::dontwait));
  return taken;
}

[[noreturn]] void consume(zmq::socket_t& socket, std::size_t size, Tally& tally) {
  for (std::uint64_t done = 0;; done = take(socket, size)) {
    socket.send(zmq::buffer(&done, sizeof done), zmq::send_flags::none);
    tally.add(done);
  }
}

}  // namespace

double brokered_items_a_second(const QueueUse& use, bool curve, std::chrono::nanoseconds duration) {
  const auto keys = keys_if(curve);
  const FoundPartner partner{[&](const FoundPartner::Tell& tell) {
    Broker broker{use.scheme, keys};
    const std::jthread serving{[&] { broker.serve(); }};
    tell(broker.puts_at() + " " + broker.takes_at());
  }};
  const std::size_t middle = partner.where().find(' ');
  const std::string puts_at = partner.where().substr(0, middle);
  const std::string takes_at = partner.where().substr(middle + 1);
  return bench::items_a_second(use,
                               {.produce =
                                    [&](int /*place*/) {
                                      Client client{puts_at, keys};
                                      produce(client.socket(), use.size);
                                    },
                                .consume =
                                    [&](int /*place*/, Tally& tally) {
                                      Client client{takes_at, keys};
                                      consume(client.socket(), use.size, tally);
                                    }},
                               duration);
}

}  // namespace bench::zeromq
