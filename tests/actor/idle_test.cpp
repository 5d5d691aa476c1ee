// SPDX-License-Identifier: Apache-2.0
// A runtime whose actors have nothing to do does nothing: no thread of it wakes.
#include "actor/support.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

// How often the other threads of this process have gone to sleep.
std::uint64_t sleeps_of_others() {
  std::uint64_t sum = 0;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    if (task.path().filename() == std::to_string(::gettid())) {
      continue;
    }
    std::ifstream status{task.path() / "status"};
    for (std::string line; std::getline(status, line);) {
      const std::string name = "voluntary_ctxt_switches:";
      if (line.starts_with(name)) {
        sum += std::stoull(line.substr(name.size()));
      }
    }
  }
  return sum;
}

// Until none has woken between five looks in a row, a fifth of a second apart.
void expect_quiet() {
  std::uint64_t before = sleeps_of_others();
  for (int quiet = 0; quiet < 5;) {
    std::this_thread::sleep_for(200ms);
    const std::uint64_t now = sleeps_of_others();
    quiet = now == before ? quiet + 1 : 0;
    before = now;
  }
}

TEST(IdleTest, NothingWakesOnceEverybodyIsIdle) {
  if (harness::kSanitized) {
    GTEST_SKIP() << "a sanitizer has a thread of its own, which wakes";
  }
  Runtime runtime{workers(2)};
  const auto recorder = runtime.spawn<Recorder>();
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(recorder.send(i));
  }
  EXPECT_EQ(recorder.ask(Read{}).value().size(), 10'000U);
  expect_quiet();
  EXPECT_TRUE(recorder.ask(Read{})) << "it wakes when it has to";
  expect_quiet();
}

TEST(IdleTest, NothingWakesWhileAnActorWaits) {
  if (harness::kSanitized) {
    GTEST_SKIP() << "a sanitizer has a thread of its own, which wakes";
  }
  class Sleeper final {
   public:
    void handle(const Hold& gates, Context& context) {
      gates.begun.open();
      EXPECT_EQ(context.sleep(10min).error(), Code::cancelled);
    }
  };
  Runtime runtime{workers(2)};
  const auto sleeper = runtime.spawn<Sleeper>();
  const Gate begun;
  EXPECT_TRUE(sleeper.send(Hold{begun, {}}));
  begun.pass();
  expect_quiet();
  runtime.request_stop();
}

}  // namespace
}  // namespace troupe::actor_test
