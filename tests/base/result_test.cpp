// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/result.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <memory>
#include <string>

namespace {

using troupe::Code;
using troupe::Error;
using troupe::Result;

template <class T>
concept ConvertsToBool = requires(const T& x) {
  x ? 1 : 0;
};

static_assert(ConvertsToBool<Result<int>>);
static_assert(ConvertsToBool<Result<void>>);
static_assert(!ConvertsToBool<Result<bool>>, "the question was answered is not: it is so");

Result<int> half(int number) {
  if (number % 2 != 0) {
    return Error{Code::invalid_argument, std::to_string(number) + " is odd"};
  }
  return number / 2;
}

TEST(ResultTest, HoldsEitherAValueOrAnError) {
  const auto good = half(8);
  const auto bad = half(7);

  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 4);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), Code::invalid_argument);
  EXPECT_STREQ(bad.error().what(), "7 is odd");
}

TEST(ResultTest, ValueThrowsTheErrorThatIsThere) {
  EXPECT_EQ(half(2).value(), 1);
  try {
    (void)half(3).value();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error, Code::invalid_argument);
  }
}

TEST(ResultTest, ValueOrTakesTheFallbackOnlyForAnError) {
  EXPECT_EQ(half(8).value_or(0), 4);
  EXPECT_EQ(half(7).value_or(-1), -1);
}

TEST(ResultTest, GivesAMoveOnlyValueAway) {
  Result<std::unique_ptr<int>> result{std::make_unique<int>(5)};

  const std::unique_ptr<int> taken = std::move(result).value();

  EXPECT_EQ(*taken, 5);
  EXPECT_EQ(*result, nullptr);  // NOLINT(bugprone-use-after-move): what is left
}

TEST(ResultTest, OfVoidTellsSuccessAndError) {
  const Result<void> good;
  const Result<void> bad{Error{Code::closed, "it is over"}};

  EXPECT_TRUE(good);
  EXPECT_NO_THROW(good.value());
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), Code::closed);
  EXPECT_THROW(bad.value(), Error);
}

TEST(ResultTest, OfBoolTellsAnAnswerFromNone) {
  const Result<bool> answered{false};
  const Result<bool> failed{Error{Code::timed_out, "no answer"}};

  EXPECT_TRUE(answered.has_value());
  EXPECT_FALSE(*answered);
  EXPECT_FALSE(failed.has_value());
}

TEST(ResultDeathTest, TakingWhatIsNotThereIsABug) {
  EXPECT_DEATH((void)*half(7), "check failed: has_value");
  EXPECT_DEATH((void)half(8).error(), "check failed: !has_value");
}

}  // namespace
