// SPDX-License-Identifier: Apache-2.0
// Who is kept out of a node, and what it is told. (Another version: link_frame_test.cpp.)

#include "node/subjects.hpp"
#include "transports/tls/certificates.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::node_test {
namespace {

class RefusalTest : public testing::Test {
 protected:
  // What connecting to `there_`, with that certificate, ends with.
  std::string refusal(const harness::Certificate& certificate, const std::string& trust) {
    const Address address =
        there_
            .listen("tls://127.0.0.1:0",
                    {.tls = {.certificate = certificate.file, .private_key = certificate.key}})
            .value();
    const auto node = here_.connect(address, {.tls = {.trust = trust}});
    if (node) {
      return "it was taken";
    }
    EXPECT_EQ(node.error(), Code::refused);
    return node.error().what();
  }

  const harness::TestCertificates& certificates_ = harness::TestCertificates::get();
  Runtime there_{named("there")};
  Runtime here_{named("here")};
};

TEST_F(RefusalTest, ANodeThatOtherHostsReachDoesNotListenInTheClear) {
  const auto address = there_.listen("tcp://0.0.0.0:0", {.key = AuthKey::random()});
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error(), Code::refused);
  EXPECT_NE(std::string{address.error().what()}.find("plaintext=accepted"), std::string::npos)
      << address.error().what();
}

TEST_F(RefusalTest, ANodeDoesNotListenWithAnExpiredCertificate) {
  const auto expired = certificates_.authority().issue(
      "expired", {.from = -std::chrono::hours{48}, .until = -std::chrono::hours{24}});
  const auto address = there_.listen(
      "tls://127.0.0.1:0", {.tls = {.certificate = expired.file, .private_key = expired.key}});
  ASSERT_FALSE(address);
  EXPECT_NE(std::string{address.error().what()}.find("expired"), std::string::npos)
      << address.error().what();
}

TEST_F(RefusalTest, ACertificateOfAForeignAuthorityIsNamedAsSuch) {
  const harness::Authority foreign{certificates_.directory(), "foreign"};
  const std::string why = refusal(certificates_.listener(), foreign.file());
  EXPECT_NE(why.find("certificate"), std::string::npos) << why;
  EXPECT_NE(why.find("trust"), std::string::npos) << why;
}

TEST_F(RefusalTest, AKeyThatIsNotTheNodesIsNamedAsSuchOverTls) {
  ConnectOptions keyed = certificates_.of_listener();
  keyed.key = AuthKey::random();
  const Address address = there_.listen("tls://127.0.0.1:0", keyed).value();
  ConnectOptions other = certificates_.of_client();
  other.key = AuthKey::random();
  const auto node = here_.connect(address, other);
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error(), Code::refused);
  EXPECT_NE(std::string{node.error().what()}.find("key"), std::string::npos) << node.error().what();
}

}  // namespace
}  // namespace troupe::node_test
