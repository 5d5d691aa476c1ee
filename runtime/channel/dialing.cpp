// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/channel/dialing.hpp"

#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/transports/catalog.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

namespace troupe {

using transports::FrameConnection;
using transports::Handshake;
using transports::Progress;

namespace {

// As the client. The listener's silence is an answer too: it may have no key.
Result<void> prove_key(RuntimeCore& runtime, FrameConnection& connection,
                       const ConnectOptions& options, Deadline until) {
  connection.set_receive_limit(Handshake::kLargestFrame);
  Handshake handshake{options.key, Handshake::Role::client, legacy_for(connection)};
  const Deadline patience = earlier(until, Deadline{options.handshake});
  for (;;) {
    const auto step = handshake.step(connection);
    if (!step) {
      return step.error();
    }
    if (*step == Progress::done) {
      connection.set_receive_limit(options.max_message);
      return {};
    }
    if (connection.arm_receive()) {
      continue;
    }
    if (auto waited = park(runtime, connection.readable(), patience); !waited) {
      return Error{
          waited.error().code(),
          "authenticate with " + connection.peer().text() + ": " + waited.error().what() +
              " before the listener answered; it may have no key, or may not be accepting"};
    }
  }
}

}  // namespace

Handshake::Legacy legacy_for(const FrameConnection& connection) {
  const std::string host{connection.peer().host()};
  in_addr v4{};
  const bool is_127 = ::inet_pton(AF_INET, host.c_str(), &v4) == 1 &&
                      (ntohl(v4.s_addr) >> 24U) == IN_LOOPBACKNET;  // 127.example.com is not
  const bool here =
      !connection.capabilities().other_hosts || host == "localhost" || host == "::1" || is_127;
  return here ? Handshake::Legacy::accepted : Handshake::Legacy::refused;
}

Result<transports::Transport*> transport_for(RuntimeCore& runtime, const Address& address,
                                             const ConnectOptions& options) {
  auto transport = runtime.transports().find(address);
  if (transport) {
    if (const std::string caution = (*transport)->caution(options); !caution.empty()) {
      runtime.log().write(caution);
    }
  }
  return transport;
}

Result<std::unique_ptr<FrameConnection>> dial(RuntimeCore& runtime, const Address& address,
                                              const ConnectOptions& options, Deadline until) {
  const auto transport = transport_for(runtime, address, options);
  if (!transport) {
    return transport.error();
  }
  auto dial = (*transport)->dial(address, options);
  if (!dial) {
    return dial.error();
  }
  for (;;) {
    auto connection = (*dial)->step();
    if (!connection) {
      return connection.error();
    }
    if (*connection != nullptr) {
      if (!options.key.empty()) {
        if (auto proven = prove_key(runtime, **connection, options, until); !proven) {
          return proven.error();
        }
      }
      return connection;
    }
    const auto readiness = (*dial)->readiness();
    const bool by_time = readiness.fd < 0;
    const Deadline wake = by_time ? Deadline{(*dial)->retry()} : (*dial)->wake();
    auto waited = park(runtime, readiness, earlier(until, wake));
    if (!waited && (waited.error() != Code::timed_out || until.passed())) {
      return waited.error().within("connect to " + address.text() + ": " +
                                   std::string{(*dial)->waits_for()});
    }
  }
}

}  // namespace troupe
