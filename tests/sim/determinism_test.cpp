// SPDX-License-Identifier: Apache-2.0
#include "busy.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace troupe::test {
namespace {

constexpr std::uint64_t kSeeds = 50;

void send_traces(Sender<std::string> out) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    out.send(busy_trace(seed)).value();
  }
}

TEST(DeterminismTest, OneSeedGivesOneTrace) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ASSERT_EQ(busy_trace(seed), busy_trace(seed)) << "seed " << seed;
  }
}

// Executed anew, so that its addresses are others.
TEST(DeterminismTest, AnotherProcessSeesTheSameTraces) {
  Runtime& runtime = *Runtime::current();
  auto [receiver, sender] = one_way_pipe<std::string>(runtime).value();
  Process child{runtime, {.start = StartMethod::exec}, send_traces, std::move(sender)};
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ASSERT_EQ(receiver.receive().value(), busy_trace(seed)) << "seed " << seed;
  }
  EXPECT_TRUE(child.join().value().ok());
}

TEST(DeterminismTest, OtherSeedsGiveOtherTraces) {
  std::set<std::string> traces;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::string trace = busy_trace(seed);
    traces.insert(trace.substr(trace.find('\n')));
  }
  EXPECT_EQ(traces.size(), kSeeds);
}

TEST(DeterminismTest, TraceTellsOfEverything) {
  const std::string trace = busy_trace(3);
  for (const char* const part :
       {"left begins", "right crashes", "right#2 begins", "is spawned", "is sent Work by Boss 0.1",
        "handles Tick", "Boss 0.1 is killed", "killed by SIGKILL", "log: ", "handles Work",
        "right: Boss \"boss\" handles Tick", "is cut off from right"}) {
    EXPECT_NE(trace.find(part), std::string::npos) << part << "\n" << trace;
  }
}

}  // namespace
}  // namespace troupe::test
