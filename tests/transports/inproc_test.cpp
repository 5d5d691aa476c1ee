// SPDX-License-Identifier: Apache-2.0
#include "transports/transport_test.hpp"
#include "troupe/transports/inproc/inproc_transport.hpp"

namespace troupe::harness {
namespace {

using transports::Direction;
using transports::InprocTransport;

const auto kInproc = [] { return std::make_unique<InprocTransport>(); };
constexpr transports::Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .fds = true, .peer_identity = true};

INSTANTIATE_TEST_SUITE_P(
    Inproc, FrameConnectionTest,
    testing::Values(pair_way("pair", kInproc, "inproc:", Direction::duplex, kCapabilities),
                    listener_way("name", kInproc, "inproc://name", kCapabilities)),
    testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Inproc, FrameListenerTest,
                         testing::Values(Place{.name = "name",
                                               .transport = kInproc,
                                               .address = "inproc://name%n/x",
                                               .crosses_processes = false}),
                         testing::PrintToStringParamName());
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StreamTest);  // whole frames: there are no bytes
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FramingTest);

TEST(InprocTest, TwoRuntimesDoNotSeeEachOthersNames) {
  InprocTransport one;
  InprocTransport two;
  const auto listener = one.listen("inproc://name", {}).value();
  EXPECT_EQ(two.dial("inproc://name", {}).error(), Code::not_found);
  EXPECT_TRUE(two.listen("inproc://name", {}));
}

TEST(InprocTest, WhoWasNotAcceptedSeesTheListenerGo) {
  InprocTransport transport;
  auto listener = transport.listen("inproc:name", {}).value();
  const auto client = transport.dial("inproc://name", {}).value()->step().value();
  listener.reset();
  EXPECT_EQ(receive_error(*client), Code::closed);
}

TEST(InprocTest, ADescriptorToSelectOnTellsTheFirstMessageToo) {
  const auto ends = InprocTransport{}.pair({}, Direction::duplex, {}).value();
  send(*ends.second, "hello");
  EXPECT_TRUE(is_readable(ends.first->readable().fd));
}

TEST(InprocTest, ALonelyFrameAboveTheBoundStillCrosses) {
  const auto ends = InprocTransport{}.pair({}, Direction::duplex, {}).value();
  Outgoing large{pattern(3 << 20)};
  EXPECT_TRUE(send_waiting(*ends.second, large));
  EXPECT_TRUE(receive(*ends.first).value() == pattern(3 << 20));
}

}  // namespace
}  // namespace troupe::harness
