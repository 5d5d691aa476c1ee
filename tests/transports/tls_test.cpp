// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/certified_tls.hpp"
#include "transports/tls/foreign_tls.hpp"
#include "transports/transport_test.hpp"

namespace troupe::harness {
namespace {

using transports::FrameConnection;
using transports::Transport;

const auto kTls = [] { return std::make_unique<CertifiedTls>(); };
constexpr transports::Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .other_hosts = true};

Way tls_way(std::string name, std::string address) {
  Way way = listener_way(std::move(name), kTls, address, kCapabilities);
  way.foreign = [address](Transport& transport, const ConnectOptions& options) {
    const auto listener = transport.listen(address, options).value();
    Way::Foreign made;
    made.peer = ForeignTls{}.connect(listener->address().port());
    while (made.end == nullptr) {
      wait_readable(listener->readable().fd);
      made.end = listener->try_accept().value();
    }
    return made;
  };
  return way;
}

const Way kIpv4 = tls_way("ipv4", "tls://127.0.0.1:0");

INSTANTIATE_TEST_SUITE_P(Tls, FrameConnectionTest,
                         testing::Values(kIpv4, tls_way("ipv6", "tls://[::1]:0")),
                         testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tls, StreamTest, testing::Values(kIpv4),
                         testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tls, FramingTest, testing::Values(kIpv4),
                         testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(Tls, FrameListenerTest,
                         testing::Values(Place{.name = "ipv4",
                                               .transport = kTls,
                                               .address = "tls://127.0.0.1:0/jobs",
                                               .needs_accept = true,
                                               .is_chosen = true},
                                         Place{.name = "ipv6",
                                               .transport = kTls,
                                               .address = "tls://[::1]:0",
                                               .needs_accept = true,
                                               .is_chosen = true},
                                         Place{.name = "by_name",
                                               .transport = kTls,
                                               .address = "tls://localhost:0",
                                               .needs_accept = true,
                                               .is_chosen = true}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
