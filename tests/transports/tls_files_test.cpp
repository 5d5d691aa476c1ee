// SPDX-License-Identifier: Apache-2.0
// The files that tls: needs, and what is said of those that will not do.
#include "harness/child.hpp"
#include "transports/tls/tls_fixture.hpp"

#include <sys/stat.h>

#include <fstream>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;

class TlsFilesTest : public TlsTest {
 protected:
  std::string file_with(const std::string& name, std::string_view content) const {
    std::ofstream{directory_.file(name)} << content;
    return directory_.file(name);
  }
  Error refusal(const Certificate& own, const std::string& trust = {}) {
    const auto listener = transport_.listen("tls://127.0.0.1:0", showing(own, trust));
    if (listener) {
      ADD_FAILURE() << "it listens";
      return Error{Code::closed, ""};
    }
    EXPECT_TRUE(says(listener.error(), "listen at tls://127.0.0.1:0"));
    return listener.error();
  }

  const Authority authority_{directory_.path(), "authority"};
  const Certificate good_ = authority_.issue("good");
};

TEST_F(TlsFilesTest, AListenerWithoutACertificateIsToldWhatItNeeds) {
  const Error error = refusal({});
  EXPECT_EQ(error, Code::invalid_argument);
  EXPECT_TRUE(says(error, "TlsOptions::certificate and TlsOptions::private_key"));
}

TEST_F(TlsFilesTest, ACertificateAndItsKeyBelongTogether) {
  EXPECT_EQ(refusal({good_.file, ""}), Code::invalid_argument);
  EXPECT_TRUE(says(refusal({good_.file, ""}), "name both"));
  const auto dial = transport_.dial("tls://127.0.0.1:1", showing({"", good_.key}));
  EXPECT_EQ(dial.error(), Code::invalid_argument);
}

TEST_F(TlsFilesTest, AMissingFileIsNamed) {
  const std::string missing = directory_.file("missing");
  for (const Error& error :
       {refusal({missing, good_.key}), refusal({good_.file, missing}), refusal(good_, missing)}) {
    EXPECT_EQ(error, Code::not_found);
    EXPECT_TRUE(says(error, missing + ": there is no such file"));
  }
  const auto dial = transport_.dial("tls://127.0.0.1:1", trusting(missing));
  EXPECT_EQ(dial.error(), Code::not_found);
  EXPECT_TRUE(says(dial.error(), "connect to tls://127.0.0.1:1"));
}

TEST_F(TlsFilesTest, AFileThatThisUserMayNotReadIsNamed) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), S_IRWXU | S_IXOTH | S_IROTH), 0);
  ASSERT_EQ(::chmod(good_.key.c_str(), is_root() ? S_IRUSR : 0), 0);
  const int status = run_as_nobody([&] {
    const Error error = refusal(good_);
    EXPECT_EQ(error, Code::refused);
    EXPECT_TRUE(says(error, good_.key + ": permission denied"));
  });
  EXPECT_EQ(status, 0);
}

TEST_F(TlsFilesTest, AKeyThatAnybodyMayReadIsRefused) {
  for (const mode_t mode : {0604U, 0644U, 0660U, 0602U}) {
    ASSERT_EQ(::chmod(good_.key.c_str(), mode), 0);
    const Error error = refusal(good_);
    EXPECT_EQ(error, Code::refused) << mode;
    EXPECT_TRUE(says(error, good_.key + ": others may read or write it; try chmod 600"));
  }
  for (const mode_t mode : {0400U, 0600U, 0640U}) {  // a group may be made for it
    ASSERT_EQ(::chmod(good_.key.c_str(), mode), 0);
    EXPECT_TRUE(transport_.listen("tls://127.0.0.1:0", showing(good_))) << mode;
  }
}

TEST_F(TlsFilesTest, AKeyThatDoesNotFitItsCertificateIsRefusedWithBothNames) {
  const Certificate other = authority_.issue("other");
  const Error error = refusal({good_.file, other.key});
  EXPECT_EQ(error, Code::invalid_argument);
  EXPECT_TRUE(says(error, other.key + " does not fit the certificate " + good_.file));
}

TEST_F(TlsFilesTest, AKeyBehindAPassphraseIsRefusedWithoutAsking) {
  const std::string locked = with_passphrase(good_, directory_.file("locked.key"));
  const Error error = refusal({good_.file, locked});
  EXPECT_EQ(error, Code::invalid_argument);
  EXPECT_TRUE(says(error, "passphrase"));
}

TEST_F(TlsFilesTest, WhatIsNoCertificateOrKeyIsRefused) {
  const std::string text = file_with("text", "just some text\n");
  ASSERT_EQ(::chmod(text.c_str(), S_IRUSR | S_IWUSR), 0);
  const std::string empty = file_with("empty", "");
  const std::string damaged =
      file_with("damaged", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  for (const Error& error :
       {refusal({text, good_.key}), refusal({empty, good_.key}), refusal({damaged, good_.key}),
        refusal({directory_.path(), good_.key}), refusal({good_.file, text}), refusal(good_, text),
        refusal({good_.key, good_.key})}) {
    EXPECT_EQ(error, Code::invalid_argument) << error.what();
    EXPECT_FALSE(says(error, "just some")) << "what is in a file is not shown";
  }
}

TEST_F(TlsFilesTest, AListenerWhoseCertificateHasExpiredDoesNotBegin) {
  const Error late = refusal(authority_.issue("late", {.from = -72h, .until = -48h}));
  EXPECT_EQ(late, Code::invalid_argument);
  EXPECT_TRUE(says(late, "has expired on 2"));
  const Error early = refusal(authority_.issue("early", {.from = 24h, .until = 48h}));
  EXPECT_TRUE(says(early, "valid only from 2"));
}

TEST_F(TlsFilesTest, AChainInTheFileIsShownWhole) {
  // The leaf's file goes on with its authority, which a client that trusts only the leaf ignores.
  std::ofstream chain{directory_.file("chain.pem")};
  for (const std::string& part : {good_.file, authority_.file()}) {
    chain << std::ifstream{part}.rdbuf();
  }
  chain.close();
  const auto listener = listen(showing({directory_.file("chain.pem"), good_.key}));
  EXPECT_NE(try_to_meet(*listener, trusting(authority_.file())).accepted, nullptr);
  EXPECT_NE(try_to_meet(*listener, trusting(good_.file)).accepted, nullptr);
}

TEST_F(TlsFilesTest, OtherHostsAreServedWithoutAskingForPlaintext) {
  EXPECT_TRUE(transport_.listen("tls://0.0.0.0:0", of_listener()));
}

TEST_F(TlsFilesTest, APairNeedsNoTls) {
  const auto pair = transport_.pair("tls:", transports::Direction::duplex, of_listener());
  EXPECT_EQ(pair.error(), Code::invalid_argument);
  EXPECT_TRUE(says(pair.error(), "unix:"));
}

}  // namespace
}  // namespace troupe::harness
