// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"
#include "transports/tls/certified_tls.hpp"

#include <future>
#include <mutex>

namespace troupe::harness {
namespace {

[[maybe_unused]] const bool kCertified = [] {
  TestRuntime::on_made = [](RuntimeCore& runtime) {
    runtime.transports().add(std::make_unique<CertifiedTls>());
  };
  return true;
}();

const auto kLinks = testing::Values(staying_link("ipv4", "tls://127.0.0.1:0"),
                                    staying_link("ipv6", "tls://[::1]:0"));

INSTANTIATE_TEST_SUITE_P(Tls, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tls, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tls, ListenerTest, kLinks, testing::PrintToStringParamName());

class TlsChannelTest : public testing::Test {
 protected:
  TestRuntime runtime_;
};

TEST_F(TlsChannelTest, AConnectThatEndsInsideTheHandshakeSaysSo) {
  auto plain = Listener::create(runtime_, "tcp://127.0.0.1:0").value();
  const Address where{"tls://127.0.0.1:" + std::to_string(plain.address().port())};
  const auto connected = connect(runtime_, where, {}, 20ms);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error(), Code::timed_out);
  EXPECT_NE(std::string_view{connected.error().what()}.find(
                where.text() + ": the peer has not finished the TLS handshake yet"),
            std::string_view::npos)
      << connected.error().what();
  EXPECT_EQ(connect(runtime_, where, {.handshake = 20ms}, 1h).error(), Code::timed_out);
}

TEST_F(TlsChannelTest, AClientThatSaysNothingIsDroppedAtItsDeadlineAndTheLogSaysWhy) {
  std::promise<std::string> logged;
  std::once_flag once;
  TestRuntime logging{{}, Log{[&](std::string_view line) {
                        std::call_once(once, [&] { logged.set_value(std::string{line}); });
                      }}};
  auto listener = Listener::create(logging, "tls://127.0.0.1:0", {.handshake = 20ms}).value();
  std::jthread accepting{[&] { EXPECT_EQ(outcome(listener.accept()), "cancelled"); }};
  const Address where{"tcp://127.0.0.1:" + std::to_string(listener.address().port())};
  Connection silent = connect(runtime_, where).value();

  EXPECT_NE(silent.receive_bytes().error(), Code::timed_out);

  const std::string line = logged.get_future().get();
  EXPECT_NE(line.find("accept at " + listener.address().text() + ": dropped a client: tls://"),
            std::string::npos)
      << line;
  EXPECT_NE(line.find("did not finish the TLS handshake in time"), std::string::npos) << line;
  logging.request_stop();
}

TEST_F(TlsChannelTest, AnEndDoesNotTravelAndStaysWithItsOwner) {
  auto listener = Listener::create(runtime_, "tls://127.0.0.1:0").value();
  auto client =
      std::async(std::launch::async, [&] { return connect(runtime_, listener.address()).value(); });
  Connection accepted = listener.accept().value();
  Connection connected = client.get();
  const auto handed = connected.hand_over();
  ASSERT_FALSE(handed);
  EXPECT_EQ(handed.error(), Code::refused);
  EXPECT_NE(std::string_view{handed.error().what()}.find("let the other process connect itself"),
            std::string_view::npos);
  ASSERT_TRUE(connected.send_bytes(bytes("still mine")));
  EXPECT_EQ(text(accepted.receive_bytes()), "still mine");
}

}  // namespace
}  // namespace troupe::harness
