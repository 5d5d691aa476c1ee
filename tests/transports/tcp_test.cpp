// SPDX-License-Identifier: Apache-2.0
#include "harness/child.hpp"
#include "harness/network.hpp"
#include "transports/transport_test.hpp"
#include "troupe/transports/socket/tcp_transport.hpp"

#include <unistd.h>

namespace troupe::harness {
namespace {

using transports::Direction;
using transports::TcpTransport;

const auto kTcp = [] { return std::make_unique<TcpTransport>(); };
constexpr transports::Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .other_hosts = true};

const auto kWays = testing::Values(
    pair_way("pair", kTcp, "tcp:", Direction::duplex, kCapabilities, Way::Reset::by_linger),
    pair_way("pair_of_ipv6", kTcp, "tcp://[::1]", Direction::duplex, kCapabilities,
             Way::Reset::by_linger),
    listener_way("ipv4", kTcp, "tcp://127.0.0.1:0", kCapabilities, Way::Reset::by_linger),
    listener_way("ipv6", kTcp, "tcp://[::1]:0", kCapabilities, Way::Reset::by_linger));

INSTANTIATE_TEST_SUITE_P(Tcp, FrameConnectionTest, kWays, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tcp, StreamTest, kWays, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tcp, FramingTest, kWays, testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(Tcp, FrameListenerTest,
                         testing::Values(Place{.name = "ipv4",
                                               .transport = kTcp,
                                               .address = "tcp://127.0.0.1:0/jobs",
                                               .is_chosen = true},
                                         Place{.name = "ipv6",
                                               .transport = kTcp,
                                               .address = "tcp://[::1]:0",
                                               .is_chosen = true},
                                         Place{.name = "by_name",
                                               .transport = kTcp,
                                               .address = "tcp://localhost:0",
                                               .is_chosen = true}),
                         testing::PrintToStringParamName());

class TcpTest : public testing::Test {
 protected:
  TcpTransport transport_;
};

TEST_F(TcpTest, PortZeroIsAFreeOneThatTheAddressThenNames) {
  const auto first = transport_.listen("tcp://127.0.0.1:0/jobs", {}).value();
  const auto second = transport_.listen("tcp://127.0.0.1", {}).value();

  EXPECT_EQ(first->address().host(), "127.0.0.1");
  EXPECT_NE(first->address().port(), 0);
  EXPECT_EQ(first->address().path(), "/jobs");
  EXPECT_NE(first->address().port(), second->address().port());
}

TEST_F(TcpTest, OtherHostsAreServedOnlyWhenAskedFor) {
  for (const char* where : {"tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://0.0.0.0:0?plaintext=yes"}) {
    const auto listener = transport_.listen(where, {});
    ASSERT_FALSE(listener) << where;
    EXPECT_EQ(listener.error(), Code::refused);
    EXPECT_NE(std::string_view{listener.error().what()}.find("?plaintext=accepted"),
              std::string_view::npos);
  }
  const auto listener = transport_.listen("tcp://0.0.0.0:0?plaintext=accepted", {}).value();
  const Address near{"tcp://127.0.0.1:" + std::to_string(listener->address().port())};
  const auto dial = transport_.dial(near, {}).value();
  const auto ends = meet(*listener, *dial);
  send(*ends.second, "hello");
  EXPECT_EQ(receive_text(*ends.first), "hello");
}

TEST_F(TcpTest, AnAddressThatCannotBeIsRefused) {
  EXPECT_EQ(transport_.dial("tcp://127.0.0.1", {}).error(), Code::invalid_argument);  // no port
  EXPECT_EQ(transport_.dial("tcp://:7000", {}).error(), Code::invalid_argument);      // no host
  EXPECT_EQ(transport_.dial("tcp://no-such-host.invalid:7000", {}).error(), Code::not_found);
  EXPECT_EQ(transport_.listen("tcp://192.0.2.1:0?plaintext=accepted", {}).error(),
            Code::invalid_argument);  // not this host's
}

TEST_F(TcpTest, AnAcceptedConnectionNamesItsPeer) {
  const auto listener = transport_.listen("tcp://127.0.0.1:0", {}).value();
  const auto dial = transport_.dial(listener->address(), {}).value();
  const auto ends = meet(*listener, *dial);
  EXPECT_EQ(ends.first->peer().host(), "127.0.0.1");
  EXPECT_NE(ends.first->peer().port(), 0);
  EXPECT_EQ(ends.second->peer(), listener->address());
}

// In a network of its own, whose only link is then cut.
TEST_F(TcpTest, AHostThatIsGoneIsNoticedByAReceiver) {
  constexpr int kNoNetwork = 77;
  Child alone{[&] {
    if (!enter_network_of_own()) {
      ::_exit(kNoNetwork);
    }
    const ConnectOptions options{.lost_after = std::chrono::seconds{2}};
    const auto listener = transport_.listen("tcp://127.0.0.1:0", options).value();
    const auto dial = transport_.dial(listener->address(), options).value();
    const auto ends = meet(*listener, *dial);
    send(*ends.second, "hello");
    EXPECT_EQ(receive_text(*ends.first), "hello");

    set_loopback(false);
    const auto lost = receive_error(*ends.first);
    EXPECT_EQ(lost, Code::disconnected);
    EXPECT_NE(std::string_view{lost.what()}.find("the peer's host does not answer"),
              std::string_view::npos)
        << lost.what();
  }};
  const int status = alone.join();
  if (status == kNoNetwork) {
    GTEST_SKIP() << "this system gives no network namespace";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace troupe::harness
