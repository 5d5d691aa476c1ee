// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

const Link kName{
    .name = "name", .address = "shm://link", .listens = true, .fds = true, .bytes = false};
const Link kChosen{
    .name = "chosen_name", .address = "shm:", .listens = true, .fds = true, .bytes = false};

const auto kLinks = testing::Values(
    Link{.name = "pair", .address = "shm:", .fds = true, .bytes = false},
    Link{
        .name = "pair_with_small_rings", .address = "shm:?ring=16384", .fds = true, .bytes = false},
    Link{.name = "pair_without_loans", .address = "shm:?loans=0", .fds = true, .bytes = false},
    kName, kChosen);

INSTANTIATE_TEST_SUITE_P(Shm, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Shm, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Shm, ListenerTest, testing::Values(kName, kChosen),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
