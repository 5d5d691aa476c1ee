// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/world.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using Seeds = std::vector<std::uint64_t>;

template <class F>
std::string failure_of(std::size_t seeds, F body) {
  try {
    sim::for_each_seed(seeds, body);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::failed);
    return error.what();
  }
}

// Its end unsets it.
struct OneSeed {
  explicit OneSeed(const char* seed) { ::setenv("TROUPE_SEED", seed, 1); }
  OneSeed(const OneSeed&) = delete;
  OneSeed& operator=(const OneSeed&) = delete;
  ~OneSeed() { ::unsetenv("TROUPE_SEED"); }
};

TEST(SeedsTest, EachSeedRunsOnce) {
  Seeds seeds;
  sim::for_each_seed(5, [&](std::uint64_t seed) { seeds.push_back(seed); });
  EXPECT_EQ(seeds, (Seeds{1, 2, 3, 4, 5}));
}

TEST(SeedsTest, TheFirstThatThrowsIsNamedWithItsTrace) {
  const std::string what = failure_of(100, [](sim::World& world) {
    (void)world.node("bank");
    if (world.seed() == 17) {
      throw std::runtime_error{"a coin is missing"};
    }
  });
  EXPECT_NE(what.find("seed 17: a coin is missing; TROUPE_SEED=17 runs it alone"),
            std::string::npos)
      << what;
  EXPECT_NE(what.find("bank begins"), std::string::npos) << what;
}

TEST(SeedsTest, OneThatReturnsFalseIsNamed) {
  const std::string what = failure_of(100, [](std::uint64_t seed) { return seed != 4; });
  EXPECT_EQ(what.find("seed 4: "), 0U) << what;
}

TEST(SeedsTest, TheEnvironmentChoosesOne) {
  const OneSeed environment{"123"};
  Seeds seeds;
  sim::for_each_seed(5, [&](const sim::World& world) { seeds.push_back(world.seed()); });
  EXPECT_EQ(seeds, Seeds{123});
}

TEST(SeedsTest, AWrongEnvironmentIsRefused) {
  const OneSeed environment{"12x"};
  EXPECT_THROW(sim::for_each_seed(5, [](std::uint64_t) {}), Error);
}

}  // namespace
}  // namespace troupe::test
