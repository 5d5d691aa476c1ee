// SPDX-License-Identifier: Apache-2.0
#include "transports/transport_test.hpp"
#include "troupe/transports/zmq/zmq_transport.hpp"

namespace troupe::harness {
namespace {

using transports::ZmqTransport;

const auto kTcp = [] { return std::make_unique<ZmqTransport>(ZmqTransport::Below::tcp); };
const auto kIpc = [] { return std::make_unique<ZmqTransport>(ZmqTransport::Below::ipc); };
constexpr transports::Capabilities kTcpCapabilities{
    .duplex = true, .many_peers = true, .other_hosts = true};
constexpr transports::Capabilities kIpcCapabilities{.duplex = true, .many_peers = true};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StreamTest);  // no descriptor has the bytes
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FramingTest);

INSTANTIATE_TEST_SUITE_P(
    Zmq, FrameConnectionTest,
    testing::Values(listener_way("ipv4", kTcp, "zmq+tcp://127.0.0.1:0", kTcpCapabilities),
                    listener_way("ipv6", kTcp, "zmq+tcp://[::1]:0", kTcpCapabilities),
                    listener_way("ipc", kIpc, "zmq+ipc:%d/socket", kIpcCapabilities)),
    testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Zmq, FrameListenerTest,
    testing::Values(
        Place{.name = "ipv4",
              .transport = kTcp,
              .address = "zmq+tcp://127.0.0.1:0/jobs",
              .is_chosen = true},
        Place{.name = "ipv6", .transport = kTcp, .address = "zmq+tcp://[::1]:0", .is_chosen = true},
        Place{.name = "by_name",
              .transport = kTcp,
              .address = "zmq+tcp://localhost:0",
              .is_chosen = true},
        Place{.name = "ipc", .transport = kIpc, .address = "zmq+ipc:%d/socket%n", .is_file = true}),
    testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
