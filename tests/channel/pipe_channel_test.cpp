// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

const auto kLinks = testing::Values(Link{.name = "duplex", .address = "pipe:"},
                                    Link{.name = "one_way", .address = "pipe:", .duplex = false});

INSTANTIATE_TEST_SUITE_P(Pipe, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Pipe, PipeTest, kLinks, testing::PrintToStringParamName());
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ListenerTest);  // a pipe has no name

}  // namespace
}  // namespace troupe::harness
