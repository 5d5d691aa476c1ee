// SPDX-License-Identifier: Apache-2.0
#include "zeromq_sockets.hpp"

#include <unistd.h>

#include <stdexcept>

namespace bench::zeromq {
namespace {

Keys make_keys() {
  Keys keys;
  if (::zmq_curve_keypair(keys.known.data(), keys.secret.data()) != 0) {
    throw std::runtime_error{"this libzmq has no CURVE"};
  }
  return keys;
}

}  // namespace

std::optional<Keys> keys_if(bool curve) {
  return curve ? std::optional{make_keys()} : std::nullopt;
}

std::string listen(zmq::socket_t& socket, const std::string& below, const std::string& name,
                   const std::optional<Keys>& own) {
  if (own) {
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey, own->secret.data());
  }
  socket.bind(below == "tcp" ? "tcp://127.0.0.1:*"
                             : "ipc://@troupe-bench-" + std::to_string(::getpid()) + "-" + name);
  return socket.get(zmq::sockopt::last_endpoint);
}

void connect(zmq::socket_t& socket, const std::string& where, const std::optional<Keys>& server) {
  if (server) {
    const Keys own = make_keys();
    socket.set(zmq::sockopt::curve_serverkey, server->known.data());
    socket.set(zmq::sockopt::curve_publickey, own.known.data());
    socket.set(zmq::sockopt::curve_secretkey, own.secret.data());
  }
  socket.connect(where);
}

zmq::message_t receive(zmq::socket_t& socket) {
  zmq::message_t message;
  if (!socket.recv(message)) throw std::runtime_error{"zmq: nothing received"};
  return message;
}

}  // namespace bench::zeromq
