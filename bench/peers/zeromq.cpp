// SPDX-License-Identifier: Apache-2.0
#include "zeromq.hpp"

#include "../fresh_process.hpp"

#include <unistd.h>
#include <zmq.hpp>

#include <array>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench::zeromq {
namespace {

// A bound socket, and a partner that is connected to it.
class Pair final {
 public:
  using Body = std::function<void(zmq::socket_t&)>;

  // `body` runs in the partner, with its socket.
  Pair(const std::string& scheme, zmq::socket_type own, zmq::socket_type other, const Body& body)
      : partner_([&] {
          zmq::context_t context;
          zmq::socket_t socket{context, other};
          socket.connect(endpoint_.receive());
          body(socket);
        }),
        socket_(context_, own) {
    socket_.bind(scheme == "tcp" ? "tcp://127.0.0.1:*"
                                 : "ipc://@troupe-bench-" + std::to_string(::getpid()));
    endpoint_.send(socket_.get(zmq::sockopt::last_endpoint));
  }
  zmq::socket_t& socket() noexcept { return socket_; }

 private:
  // Tells the partner, which must be forked before there is a context, where to connect.
  class Endpoint final {
   public:
    Endpoint() {
      if (::pipe(ends_.data()) != 0) throw std::runtime_error{"pipe"};
    }
    void send(const std::string& text) const {
      if (::write(ends_[1], text.data(), text.size()) < 0) throw std::runtime_error{"write"};
    }
    std::string receive() const {
      std::array<char, 256> text{};
      const ssize_t size = ::read(ends_[0], text.data(), text.size());
      if (size <= 0) throw std::runtime_error{"read"};
      return {text.data(), static_cast<std::size_t>(size)};
    }

   private:
    std::array<int, 2> ends_{};  // closed by the end of the process
  };

  Endpoint endpoint_;
  Partner partner_;
  zmq::context_t context_;
  zmq::socket_t socket_;
};

void receive(zmq::socket_t& socket, zmq::message_t& message) {
  if (!socket.recv(message)) throw std::runtime_error{"zmq: nothing received"};
}

}  // namespace

double round_trip(const RoundTrip& trip, const Meter& meter) {
  const Placement where = placement(trip.waiting);
  if (trip.waiting == Waiting::asleep) {
    pin_to(where.measuring);
  }
  Pair pair{trip.scheme, zmq::socket_type::pair, zmq::socket_type::pair, [](zmq::socket_t& socket) {
              zmq::message_t message;
              for (;;) {
                receive(socket, message);
                socket.send(message, zmq::send_flags::none);
              }
            }};
  const std::array<std::byte, kRoundTripBytes> bytes{};
  zmq::message_t message;
  return meter([&] {
    pair.socket().send(zmq::buffer(bytes), zmq::send_flags::none);
    receive(pair.socket(), message);
  });
}

double stream(const Stream& stream, const Meter& meter) {
  (void)placement(Waiting::awake);  // two CPUs are there
  Pair pair{stream.scheme, zmq::socket_type::pull, zmq::socket_type::push,
            [&](zmq::socket_t& socket) {
              std::vector<std::byte> bytes(stream.size, std::byte{1});
              for (std::uint64_t number = kFirstNumber;; ++number) {
                std::memcpy(bytes.data(), &number, sizeof number);
                socket.send(zmq::buffer(bytes), zmq::send_flags::none);
              }
            }};
  zmq::message_t message;
  std::uint64_t expected = kFirstNumber;
  return meter([&] {
    for (std::size_t i = 0; i < stream.messages_a_step(); ++i) {
      receive(pair.socket(), message);
      if (std::memcmp(message.data(), &expected, sizeof expected) != 0) {
        throw std::runtime_error{"zmq: a message is lost"};
      }
      ++expected;
    }
  });
}

}  // namespace bench::zeromq
