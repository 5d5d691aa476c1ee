// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

const auto kLinks =
    testing::Values(Link{.name = "pair", .address = "tcp:"},
                    Link{.name = "ipv4", .address = "tcp://127.0.0.1:0", .listens = true},
                    Link{.name = "ipv6", .address = "tcp://[::1]:0", .listens = true});

INSTANTIATE_TEST_SUITE_P(Tcp, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tcp, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Tcp, ListenerTest,
    testing::Values(Link{.name = "ipv4", .address = "tcp://127.0.0.1:0", .listens = true},
                    Link{.name = "ipv6", .address = "tcp://[::1]:0", .listens = true}),
    testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
