// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace {

using troupe::Random;

class CountingRandom final : public Random {
 public:
  std::uint64_t next() noexcept override { return next_++; }

 private:
  std::uint64_t next_ = 0;
};

TEST(RandomTest, NamesAreMadeOfSmallLettersAndDigits) {
  CountingRandom random;
  EXPECT_EQ(random.name(36), "abcdefghijklmnopqrstuvwxyz0123456789");
  EXPECT_EQ(random.name(0), "");
}

TEST(RandomTest, TheKernelsDoesNotRepeat) {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) {
    names.insert(Random::system().name(12));
  }
  EXPECT_EQ(names.size(), 100U);
}

TEST(RandomTest, FillsEveryByte) {
  std::array<std::byte, 4096> bytes{};
  troupe::fill_random(bytes);
  EXPECT_LT(std::ranges::count(bytes, std::byte{0}), 100);
}

}  // namespace
