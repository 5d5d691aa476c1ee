// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/auth_key.hpp"

#include "harness/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

namespace troupe::harness {
namespace {

class AuthKeyTest : public testing::Test {
 protected:
  Result<AuthKey> read(const std::string& content, mode_t mode = 0600) {
    const std::string path = directory_.file("key");
    std::ofstream{path} << content;
    ::chmod(path.c_str(), mode);
    return AuthKey::from_file(path);
  }

  const TemporaryDirectory directory_;
};

TEST_F(AuthKeyTest, MadeByDefaultIsNone) {
  EXPECT_TRUE(AuthKey{}.empty());
  EXPECT_TRUE(AuthKey{""}.empty());
  EXPECT_FALSE(AuthKey{"secret"}.empty());
}

TEST_F(AuthKeyTest, ARandomOneHas32BytesAndIsNew) {
  const AuthKey one = AuthKey::random();
  const AuthKey two = AuthKey::random();
  EXPECT_EQ(one.secret().size(), 32U);
  EXPECT_NE(text_of(one.secret()), text_of(two.secret()));
}

TEST_F(AuthKeyTest, OfAFileIsItsContentWithoutOneLineEnd) {
  EXPECT_EQ(text_of(read("secret").value().secret()), "secret");
  EXPECT_EQ(text_of(read("secret\n").value().secret()), "secret");
  EXPECT_EQ(text_of(read("secret\n\n").value().secret()), "secret\n");
  EXPECT_EQ(text_of(read(" two words \n").value().secret()), " two words ");
  EXPECT_EQ(read(std::string(4096, 'k')).value().secret().size(), 4096U);
}

TEST_F(AuthKeyTest, OfAFileThatIsEmptyOrTooLargeIsRefused) {
  EXPECT_EQ(read("").error(), Code::invalid_argument);
  EXPECT_EQ(read("\n").error(), Code::invalid_argument);
  EXPECT_EQ(read(std::string(4097, 'k')).error(), Code::invalid_argument);
}

TEST_F(AuthKeyTest, OfAFileThatOthersMayReadIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0666U, 0610U}) {
    const auto key = read("secret", mode);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error(), Code::refused);
    EXPECT_NE(std::string_view{key.error().what()}.find("chmod 600"), std::string_view::npos);
    EXPECT_EQ(std::string_view{key.error().what()}.find("secret"), std::string_view::npos);
  }
}

TEST_F(AuthKeyTest, OfAFileThatIsNotThereNamesIt) {
  const auto key = AuthKey::from_file(directory_.file("missing"));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().os_errno(), ENOENT);
  EXPECT_NE(std::string_view{key.error().what()}.find("missing"), std::string_view::npos);
  EXPECT_FALSE(AuthKey::from_file(directory_.path()));  // a directory
}

}  // namespace
}  // namespace troupe::harness
