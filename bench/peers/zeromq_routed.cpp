// SPDX-License-Identifier: Apache-2.0
#include "zeromq_routed.hpp"

#include "../fresh_process.hpp"
#include "zeromq_sockets.hpp"

#include <zmq.hpp>

#include <array>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bench::zeromq {
namespace {

// A service in a partner process, and its client here, which has said hello.
class Routed final {
 public:
  using Serve = std::function<void(zmq::socket_t& router, const zmq::message_t& client)>;

  Routed(const std::string& below, bool curve, const Serve& serve)
      : server_(keys_if(curve)),
        partner_(std::in_place,
                 [&](const FoundPartner::Tell& tell) {
                   zmq::context_t context;
                   zmq::socket_t router{context, zmq::socket_type::router};
                   router.set(zmq::sockopt::router_mandatory, true);  // a full peer is waited for
                   const std::string where = listen(router, below, "service", server_);
                   const std::jthread serving{[&] {
                     const zmq::message_t client = receive(router);
                     (void)receive(router);
                     serve(router, client);
                   }};
                   tell(where);
                 }),
        socket_(context_, zmq::socket_type::dealer) {
    connect(socket_, partner_->where(), server_);
    socket_.send(zmq::str_buffer("hello"), zmq::send_flags::none);
  }
  Routed(const Routed&) = delete;
  Routed& operator=(const Routed&) = delete;
  ~Routed() { partner_.reset(); }  // a service without a client would say that it fails

  zmq::socket_t& socket() noexcept { return socket_; }

 private:
  std::optional<Keys> server_;
  std::optional<FoundPartner> partner_;
  zmq::context_t context_;
  zmq::socket_t socket_;
};

}  // namespace

double routed_round_trip(const std::string& below, bool curve, const Meter& meter) {
  Routed routed{below, curve, [](zmq::socket_t& router, const zmq::message_t& /*client*/) {
                  for (;;) {
                    zmq::message_t from = receive(router);
                    zmq::message_t body = receive(router);
                    router.send(from, zmq::send_flags::sndmore);
                    router.send(body, zmq::send_flags::none);
                  }
                }};
  const std::array<std::byte, kRoundTripBytes> bytes{};
  return meter([&] {
    routed.socket().send(zmq::buffer(bytes), zmq::send_flags::none);
    (void)receive(routed.socket());
  });
}

double routed_stream(const std::string& below, bool curve, const Stream& stream,
                     const Meter& meter) {
  Routed routed{below, curve, [&](zmq::socket_t& router, const zmq::message_t& client) {
                  std::vector<std::byte> bytes(stream.size, std::byte{1});
                  for (std::uint64_t number = kFirstNumber;; ++number) {
                    std::memcpy(bytes.data(), &number, sizeof number);
                    router.send(zmq::buffer(client.data(), client.size()),
                                zmq::send_flags::sndmore);
                    router.send(zmq::buffer(bytes), zmq::send_flags::none);
                  }
                }};
  std::uint64_t expected = kFirstNumber;
  return meter([&] {
    for (std::size_t i = 0; i < stream.messages_a_step(); ++i) {
      const zmq::message_t message = receive(routed.socket());
      if (std::memcmp(message.data(), &expected, sizeof expected) != 0) {
        throw std::runtime_error{"zmq: a message is lost"};
      }
      ++expected;
    }
  });
}

}  // namespace bench::zeromq
