// SPDX-License-Identifier: Apache-2.0
#pragma once

// TlsTest: listeners and clients with certificates of a test's own choosing, and what comes of it.

#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "transports/frames.hpp"
#include "transports/tls/certificates.hpp"
#include "transports/tls/foreign_tls.hpp"
#include "troupe/transports/tls/tls_transport.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::harness {

class TlsTest : public testing::Test {
 protected:
  static ConnectOptions showing(const Certificate& own, const std::string& trust = {}) {
    return {.tls = {.certificate = own.file, .private_key = own.key, .trust = trust}};
  }
  static ConnectOptions trusting(const std::string& file) { return {.tls = {.trust = file}}; }
  static ConnectOptions of_listener() { return TestCertificates::get().of_listener(); }
  static ConnectOptions of_client() { return TestCertificates::get().of_client(); }

  std::unique_ptr<transports::FrameListener> listen(const ConnectOptions& options) {
    return transport_.listen("tls://127.0.0.1:0", options).value();
  }

  // What came of a client at a listener: at each side a connection, or why there is none.
  struct Outcome {
    std::unique_ptr<transports::FrameConnection> client;
    std::optional<Error> refused;
    std::unique_ptr<transports::FrameConnection> accepted;
    std::vector<Error> dropped;
  };
  Outcome try_to_meet(transports::FrameListener& listener, const ConnectOptions& options,
                      std::optional<Address> address = {}) {
    Outcome outcome;
    const Address where = address ? *address : listener.address();
    const auto dial = transport_.dial(where, options).value();
    for (bool done = false; !done;) {
      if (outcome.client == nullptr && !outcome.refused) {
        auto stepped = dial->step();
        if (stepped) {
          outcome.client = std::move(*stepped);
        } else {
          outcome.refused = stepped.error();
        }
      }
      if (outcome.accepted == nullptr && outcome.dropped.empty()) {
        outcome.accepted = listener.try_accept().value();
        outcome.dropped = listener.take_dropped();
      }
      done = (outcome.client != nullptr || outcome.refused) &&
             (outcome.accepted != nullptr || !outcome.dropped.empty());
      ::poll(nullptr, 0, done ? 0 : 1);
    }
    return outcome;
  }

  // What a client makes of who listens at the port.
  Error refusal_at(std::uint16_t port, const ConnectOptions& options) {
    const Address where{"tls://127.0.0.1:" + std::to_string(port)};
    const auto dial = transport_.dial(where, options).value();
    for (;;) {
      auto stepped = dial->step();
      if (!stepped) {
        EXPECT_TRUE(says(stepped.error(), "connect to " + where.text()));
        return stepped.error();
      }
      EXPECT_EQ(*stepped, nullptr) << "it has connected";
      const auto readiness = dial->readiness();
      pollfd item{readiness.fd, readiness.events, 0};
      ::poll(&item, 1,
             static_cast<int>(
                 std::min<std::int64_t>(dial->wake().left() / std::chrono::milliseconds{1}, 1000)));
    }
  }

  // That the listener still serves who is all right.
  void expect_service(transports::FrameListener& listener) {
    const Outcome good = try_to_meet(listener, of_client());
    ASSERT_TRUE(good.client != nullptr && good.accepted != nullptr);
    send(*good.client, "hello");
    EXPECT_EQ(receive_text(*good.accepted), "hello");
  }

  static testing::AssertionResult says(const Error& error, std::string_view part) {
    return std::string_view{error.what()}.find(part) != std::string_view::npos
               ? testing::AssertionSuccess()
               : testing::AssertionFailure() << error.what();
  }

  const TemporaryDirectory directory_;
  transports::TlsTransport transport_;
};

}  // namespace troupe::harness
