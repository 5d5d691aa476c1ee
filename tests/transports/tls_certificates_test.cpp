// SPDX-License-Identifier: Apache-2.0
// Whom a tls: connection believes, and how each side says why it does not.
#include "transports/tls/tls_fixture.hpp"

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;

class TlsCertificatesTest : public TlsTest {
 protected:
  const Authority authority_{directory_.path(), "own-authority"};
  const Authority stranger_{directory_.path(), "strange-authority"};
};

// ---- the listener's certificate ----------------------------------------------------------------

TEST_F(TlsCertificatesTest, AnExpiredCertificateIsRefusedWithTheDay) {
  const ForeignListener expired{
      {.own = authority_.issue("expired", {.from = -72h, .until = -48h})}};
  const Error refused = refusal_at(expired.port(), trusting(authority_.file()));
  EXPECT_EQ(refused, Code::refused);
  EXPECT_TRUE(says(refused, "has expired on 2"));
  EXPECT_TRUE(says(refused, "clock"));
}

TEST_F(TlsCertificatesTest, ACertificateOfTomorrowIsRefused) {
  const ForeignListener early{{.own = authority_.issue("early", {.from = 24h, .until = 48h})}};
  const Error refused = refusal_at(early.port(), trusting(authority_.file()));
  EXPECT_EQ(refused, Code::refused);
  EXPECT_TRUE(says(refused, "is valid only from 2"));
}

TEST_F(TlsCertificatesTest, ACertificateOfAForeignAuthorityIsRefusedAndBothSidesSayWhy) {
  const auto listener = listen(showing(stranger_.issue("strange")));
  const Outcome outcome = try_to_meet(*listener, trusting(authority_.file()));
  ASSERT_TRUE(outcome.refused);
  EXPECT_EQ(*outcome.refused, Code::refused);
  EXPECT_TRUE(says(*outcome.refused, "connect to " + listener->address().text()));
  EXPECT_TRUE(says(*outcome.refused, "not signed by one of those in " + authority_.file()));
  EXPECT_TRUE(says(*outcome.refused, "TlsOptions::trust"));
  ASSERT_EQ(outcome.dropped.size(), 1U);
  EXPECT_TRUE(says(outcome.dropped[0], "the peer refuses: unknown CA"));
  EXPECT_TRUE(says(outcome.dropped[0], "tls://127.0.0.1:"));
}

TEST_F(TlsCertificatesTest, WithoutATrustFileOnlyThoseThatTheSystemTrustsAreBelieved) {
  const auto listener = listen(showing(authority_.issue("ours")));
  const Outcome outcome = try_to_meet(*listener, {});
  ASSERT_TRUE(outcome.refused);
  EXPECT_TRUE(says(*outcome.refused, "those that the system trusts"));
}

TEST_F(TlsCertificatesTest, ACertificateOfAnotherHostIsRefusedAndItsNamesAreShown) {
  const auto listener =
      listen(showing(authority_.issue("other", {.hosts = "DNS:other.example,IP:192.0.2.7"})));
  const Outcome outcome = try_to_meet(*listener, trusting(authority_.file()));
  ASSERT_TRUE(outcome.refused);
  EXPECT_EQ(*outcome.refused, Code::refused);
  EXPECT_TRUE(says(*outcome.refused, "is for other.example, 192.0.2.7, not for 127.0.0.1"));
  EXPECT_TRUE(says(*outcome.refused, "TlsOptions::peer_name"));
}

TEST_F(TlsCertificatesTest, TheNameThatCountsIsTheAddressesUnlessAnotherIsNamed) {
  const auto listener =
      listen(showing(authority_.issue("named", {.hosts = "DNS:service.example"})));
  ConnectOptions options = trusting(authority_.file());
  EXPECT_TRUE(try_to_meet(*listener, options).refused);
  options.tls.peer_name = "service.example";
  EXPECT_NE(try_to_meet(*listener, options).accepted, nullptr);

  const auto by_name = listen(showing(authority_.issue("local", {.hosts = "DNS:localhost"})));
  const std::string port = std::to_string(by_name->address().port());
  options.tls.peer_name.clear();
  EXPECT_NE(try_to_meet(*by_name, options, Address{"tls://localhost:" + port}).accepted, nullptr);
  EXPECT_TRUE(try_to_meet(*by_name, options).refused) << "127.0.0.1 is not in it";
}

TEST_F(TlsCertificatesTest, TheNameInTheSubjectCountsForNothing) {
  const auto listener = listen(showing(authority_.issue("127.0.0.1", {.hosts = "DNS:x.example"})));
  EXPECT_TRUE(try_to_meet(*listener, trusting(authority_.file())).refused);
}

TEST_F(TlsCertificatesTest, APinnedCertificateNeedsNoAuthority) {
  for (const Certificate& pinned :
       {self_signed(directory_.path(), "self"), authority_.issue("issued")}) {
    const auto listener = listen(showing(pinned));
    EXPECT_NE(try_to_meet(*listener, trusting(pinned.file)).accepted, nullptr);
    const Certificate same_name = self_signed(directory_.path(), "self2");
    EXPECT_TRUE(try_to_meet(*listener, trusting(same_name.file)).refused);
  }
}

// ---- the client's certificate ------------------------------------------------------------------

TEST_F(TlsCertificatesTest, AListenerThatTrustsServesOnlyClientsWithSuchACertificate) {
  const auto listener = listen(showing(authority_.issue("server"), authority_.file()));
  ConnectOptions known = showing(authority_.issue("client"), authority_.file());
  const Outcome good = try_to_meet(*listener, known);
  ASSERT_NE(good.accepted, nullptr);
  send(*good.client, "it is me");
  EXPECT_EQ(receive_text(*good.accepted), "it is me");
}

TEST_F(TlsCertificatesTest, AClientWithoutACertificateIsToldSo) {
  const auto listener = listen(showing(authority_.issue("server"), authority_.file()));
  const Outcome outcome = try_to_meet(*listener, trusting(authority_.file()));
  ASSERT_EQ(outcome.accepted, nullptr);
  EXPECT_TRUE(says(outcome.dropped.at(0), "it has shown no certificate"));
  // In TLS 1.3 the client is done before the listener has looked.
  ASSERT_NE(outcome.client, nullptr);
  const Error refused = receive_error(*outcome.client);
  EXPECT_EQ(refused, Code::refused);
  EXPECT_TRUE(says(refused, "serves only clients with a certificate"));
  EXPECT_TRUE(says(refused, listener->address().text()));
}

TEST_F(TlsCertificatesTest, AClientWithAStrangersCertificateIsToldSo) {
  const auto listener = listen(showing(authority_.issue("server"), authority_.file()));
  const Outcome outcome =
      try_to_meet(*listener, showing(stranger_.issue("client"), authority_.file()));
  EXPECT_TRUE(says(outcome.dropped.at(0), "not signed by one of those in " + authority_.file()));
  ASSERT_NE(outcome.client, nullptr);
  const Error refused = receive_error(*outcome.client);
  EXPECT_EQ(refused, Code::refused);
  EXPECT_TRUE(says(refused, "does not trust who signed this end's certificate"));
}

TEST_F(TlsCertificatesTest, AClientWithAnExpiredCertificateIsToldSo) {
  const auto listener = listen(showing(authority_.issue("server"), authority_.file()));
  const RawPeer late =
      ForeignTls{.own = authority_.issue("late", {.from = -72h, .until = -48h})}.connect(
          listener->address().port());
  std::vector<Error> dropped;
  while (dropped.empty()) {
    wait_readable(listener->readable().fd);
    EXPECT_EQ(listener->try_accept().value(), nullptr);
    dropped = listener->take_dropped();
  }
  EXPECT_TRUE(says(dropped[0], "has expired on 2"));
}

}  // namespace
}  // namespace troupe::harness
