// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqTest: a listener of zmq+tcp, and what comes to it: our own clients, or a foreign program that
// uses libzmq by hand.

#include "harness/temporary_directory.hpp"
#include "transports/frames.hpp"
#include "transports/ways.hpp"
#include "troupe/transports/zmq/zmq_transport.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <zmq.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::harness {

class ZmqTest : public testing::Test {
 protected:
  static std::string endpoint_of(const transports::FrameListener& listener) {
    return "tcp://127.0.0.1:" + std::to_string(listener.address().port());
  }
  std::unique_ptr<transports::FrameListener> listen(const ConnectOptions& options = {}) {
    return transport_.listen("zmq+tcp://127.0.0.1:0", options).value();
  }
  transports::ConnectionPair connect(transports::FrameListener& listener,
                                     const ConnectOptions& options = {}) {
    const auto dial = transport_.dial(listener.address(), options).value();
    return meet(listener, *dial);
  }
  // Why a client is not let in.
  Error refusal(const Address& where, const ConnectOptions& options = {}) {
    auto dial = transport_.dial(where, options);
    if (!dial) {
      return dial.error();
    }
    for (;;) {
      auto stepped = (*dial)->step();
      if (!stepped) {
        return stepped.error();
      }
      if (*stepped != nullptr) {
        ADD_FAILURE() << "it is let in";
        return Error{Code::closed, ""};
      }
      pollfd item{(*dial)->readiness().fd, (*dial)->readiness().events, 0};
      ::poll(&item, 1, 10);
    }
  }
  std::unique_ptr<transports::FrameConnection> accept(transports::FrameListener& listener) {
    for (;;) {
      if (auto accepted = listener.try_accept().value()) {
        return accepted;
      }
      pollfd item{listener.readable().fd, POLLIN, 0};
      ::poll(&item, 1, -1);
    }
  }
  // What the listener says of clients that it has dropped.
  static std::string dropped(transports::FrameListener& listener) {
    for (;;) {
      if (const auto why = listener.take_dropped(); !why.empty()) {
        return why.front().what();
      }
      ::poll(nullptr, 0, 1);
    }
  }
  static bool says(const Error& error, std::string_view what) {
    return std::string_view{error.what()}.find(what) != std::string_view::npos;
  }

  const TemporaryDirectory directory_;
  transports::ZmqTransport transport_{transports::ZmqTransport::Below::tcp};
  // A foreign program's.
  zmq::context_t context_;
  zmq::socket_t dealer() {
    zmq::socket_t made{context_, zmq::socket_type::dealer};
    made.set(zmq::sockopt::linger, 0);
    return made;
  }
};

}  // namespace troupe::harness
