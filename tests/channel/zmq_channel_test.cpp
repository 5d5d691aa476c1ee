// SPDX-License-Identifier: Apache-2.0
#include "channel/channel_test.hpp"

namespace troupe::harness {
namespace {

// An end stays in the process that made it, so the other party is a thread.
Link link_to(std::string name, std::string address) {
  return {.name = std::move(name),
          .address = std::move(address),
          .listens = true,
          .crosses_processes = false,
          .bytes = false};
}

const auto kLinks =
    testing::Values(link_to("ipv4", "zmq+tcp://127.0.0.1:0"), link_to("ipc", "zmq+ipc:%d/socket"));

INSTANTIATE_TEST_SUITE_P(Zmq, ConnectionTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Zmq, PipeTest, kLinks, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Zmq, ListenerTest, kLinks, testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
