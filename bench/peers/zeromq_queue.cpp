// SPDX-License-Identifier: Apache-2.0
#include "zeromq_queue.hpp"

#include "../free_ports.hpp"
#include "temporary_folder.hpp"

#include <zmq.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench::zeromq {
namespace {

// Where so many consumers are.
class Endpoints final {
 public:
  Endpoints(const std::string& scheme, int consumers) {
    const auto count = static_cast<std::size_t>(consumers);
    const auto ports = scheme == "tcp" ? free_ports(count) : std::vector<std::string>{};
    for (std::size_t i = 0; i < count; ++i) {
      all_.push_back(scheme == "tcp" ? "tcp://127.0.0.1:" + ports[i]
                                     : "ipc://" + folder_.path() + "/" + std::to_string(i));
    }
  }
  const std::vector<std::string>& all() const noexcept { return all_; }

 private:
  const TemporaryFolder folder_;
  std::vector<std::string> all_;
};

// Made after the last fork.
class Pusher final {
 public:
  explicit Pusher(const Endpoints& endpoints) {
    for (const std::string& endpoint : endpoints.all()) {
      socket_.connect(endpoint);
    }
  }
  void put(const std::vector<std::byte>& item) {
    socket_.send(zmq::buffer(item), zmq::send_flags::none);
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::push};
};

class Puller final {
 public:
  explicit Puller(const std::string& endpoint) { socket_.bind(endpoint); }
  std::uint64_t take(std::size_t size) {
    if (!socket_.recv(message_)) throw std::runtime_error{"zmq: nothing received"};
    return item_number(message_.data(), message_.size(), size);
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::pull};
  zmq::message_t message_;
};

}  // namespace

double items_a_second(const QueueUse& use, std::chrono::nanoseconds duration) {
  const Endpoints endpoints{use.scheme, use.consumers};
  return bench::items_a_second(
      use,
      {.produce =
           [&](int /*place*/) {
             Pusher pusher{endpoints};
             for (std::uint64_t number = kFirstNumber;; ++number) {
               pusher.put(item_bytes(use.size, number));
             }
           },
       .consume =
           [&](int place, Tally& tally) {
             Puller puller{endpoints.all().at(static_cast<std::size_t>(place))};
             for (;;) {
               (void)puller.take(use.size);
               tally.add(1);
             }
           }},
      duration);
}

double put_to_take(const std::string& scheme, Quantile which, std::chrono::nanoseconds duration) {
  const Endpoints endpoints{scheme, 1};
  std::unique_ptr<Puller> puller;
  const LoneItem item{
      .producer =
          [&] {
            return [own = std::make_shared<Pusher>(endpoints)](std::uint64_t number) {
              own->put(item_bytes(kLoneItemBytes, number));
            };
          },
      .consumer =
          [&] {
            puller = std::make_unique<Puller>(endpoints.all().front());
            return Taker{.take = [&] { return puller->take(kLoneItemBytes); }, .finish = [] {}};
          }};
  return bench::put_to_take(item, which, duration);
}

}  // namespace bench::zeromq
