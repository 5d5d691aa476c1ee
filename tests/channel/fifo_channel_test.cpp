// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

const auto kLinks =
    testing::Values(Link{.name = "pair", .address = "fifo:"},
                    Link{.name = "one_way", .address = "fifo:", .duplex = false},
                    Link{.name = "rendezvous", .address = "fifo:%d/meeting", .listens = true});

INSTANTIATE_TEST_SUITE_P(Fifo, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Fifo, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Fifo, ListenerTest,
                         testing::Values(Link{
                             .name = "rendezvous", .address = "fifo:%d/meeting", .listens = true}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
