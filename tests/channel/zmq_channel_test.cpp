// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

const auto kLinks = testing::Values(staying_link("ipv4", "zmq+tcp://127.0.0.1:0"),
                                    staying_link("ipc", "zmq+ipc:%d/socket"));

INSTANTIATE_TEST_SUITE_P(Zmq, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Zmq, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Zmq, ListenerTest, kLinks, testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
