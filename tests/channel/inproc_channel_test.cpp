// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

const auto kLinks = testing::Values(Link{.name = "pair",
                                         .address = "inproc:",
                                         .fds = true,
                                         .crosses_processes = false,
                                         .bytes = false},
                                    Link{.name = "name",
                                         .address = "inproc://name",
                                         .listens = true,
                                         .fds = true,
                                         .crosses_processes = false,
                                         .bytes = false});

INSTANTIATE_TEST_SUITE_P(Inproc, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Inproc, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Inproc, ListenerTest,
                         testing::Values(Link{.name = "name",
                                              .address = "inproc://name",
                                              .listens = true,
                                              .fds = true,
                                              .crosses_processes = false,
                                              .bytes = false}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
