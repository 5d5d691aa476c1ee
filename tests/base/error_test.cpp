// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <type_traits>

namespace {

using troupe::Code;
using troupe::Effect;
using troupe::Error;

TEST(ErrorTest, OfTheKernelSaysWhatWasDoneAndWhatItMeans) {
  const Error error = Error::system("open /x", EACCES);

  EXPECT_EQ(error, Code::system);
  EXPECT_EQ(error.os_errno(), EACCES);
  EXPECT_STREQ(error.what(), "open /x: Permission denied");
}

TEST(ErrorTest, OfTheApplicationKeepsItsNumber) {
  const Error error = Error::failed("out of stock", 42);

  EXPECT_EQ(error, Code::failed);
  EXPECT_EQ(error.application_code(), 42);
  EXPECT_EQ(error.os_errno(), 0);
}

TEST(ErrorTest, ToldFromFurtherOutKeepsEverythingElse) {
  const Error inner{Code::disconnected, "reset", Effect::unknown};

  const Error outer = inner.within("send to unix:/x");

  EXPECT_EQ(outer, Code::disconnected);
  EXPECT_EQ(outer.effect(), Effect::unknown);
  EXPECT_STREQ(outer.what(), "send to unix:/x: reset");
  EXPECT_STREQ(inner.what(), "reset");
}

TEST(ErrorTest, CopyingOneCannotThrow) {
  EXPECT_TRUE(std::is_nothrow_copy_constructible_v<Error>);
  EXPECT_TRUE(std::is_nothrow_copy_assignable_v<Error>);
}

TEST(ErrorTest, EachCodeHasTheNumberAndNameThatPeersKnow) {
  // Part of the wire format: a number never changes its meaning.
  constexpr std::array kNames{"overloaded", "closed",  "disconnected",     "timed_out",
                              "malformed",  "refused", "invalid_argument", "system",
                              "failed",     "lost",    "not_found",        "exists",
                              "cancelled"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    EXPECT_EQ(troupe::name_of(static_cast<Code>(i + 1)), kNames.at(i));
  }
}

TEST(ErrorTest, AnUnknownErrnoIsStillNamedByItsNumber) {
  EXPECT_EQ(troupe::errno_text(EPIPE), "Broken pipe");
  EXPECT_EQ(troupe::errno_text(99999), "error 99999");
}

}  // namespace
