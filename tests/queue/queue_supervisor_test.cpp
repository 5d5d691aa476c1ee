// SPDX-License-Identifier: Apache-2.0
// Queues between supervised workers.
#include "troupe/runtime/actor/supervisor.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <unistd.h>

#include <set>
#include <string>

namespace troupe {
namespace {

using namespace std::chrono_literals;

Runtime& runtime() {
  return *Runtime::current();
}

// Kills itself at each item that it is given for the first time and that 50 divides.
void double_it(Queue<int> in, Queue<int> out) {
  for (auto& each : in) {
    if (*each % 50 == 0 && each.deliveries() == 1) {
      (void)::kill(::getpid(), SIGKILL);
    }
    each.emit(out, *each * 2).value();
  }
}

TEST(QueueSupervisorTest, WorkersAreStartedAgainAndTheStageBehindThemSeesTheEnd) {
  Queue<int> in{runtime()};
  Queue<int> out{runtime()};
  Supervisor workers{runtime(), {.restarts = 1000, .backoff_first = 1ms}};
  workers.add_workers("double", 3, {.restart = Restart::transient}, double_it, in, out).value();
  workers.close_when_done("double", out);
  for (int i = 0; i < 200; ++i) {
    in.put(i).value();
  }
  in.close().value();
  std::set<int> seen;
  for (auto& each : out) {
    EXPECT_TRUE(seen.insert(*each).second);
  }
  EXPECT_EQ(seen.size(), 200U);
}

void fail_at_once(Queue<int> /*in*/) {
  throw Error::failed("no licence");
}

TEST(QueueSupervisorTest, WorkersThatFailForGoodAreAnErrorAndNoEnd) {
  Queue<int> out{runtime()};
  Supervisor workers{runtime(), {.restarts = 1, .backoff_first = 1ms}};
  workers.add_workers("work", 2, {.restart = Restart::permanent}, fail_at_once, out).value();
  workers.close_when_done("work", out);
  const auto taken = out.take();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error(), Code::failed);
  EXPECT_NE(std::string{taken.error().what()}.find("no licence"), std::string::npos)
      << taken.error().what();
}

}  // namespace
}  // namespace troupe
