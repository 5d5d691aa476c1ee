// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

const auto kLinks =
    testing::Values(Link{.name = "pair", .address = "unix:", .fds = true},
                    Link{.name = "path", .address = "unix:%d/socket", .listens = true, .fds = true},
                    Link{.name = "private_path", .address = "unix:", .listens = true, .fds = true});

INSTANTIATE_TEST_SUITE_P(Unix, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Unix, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(
    Unix, ListenerTest,
    testing::Values(Link{.name = "path", .address = "unix:%d/socket", .listens = true, .fds = true},
                    Link{.name = "private_path", .address = "unix:", .listens = true, .fds = true}),
    testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
