// SPDX-License-Identifier: Apache-2.0
// Kill -9 at random moments of process actors under traffic: each ask ends, each monitor is told
// once, and nothing is left behind. TROUPE_TEST_KILLS sets how many are killed (see kills()).

#include "actor/process_actors.hpp"
#include "harness/raw_fd.hpp"
#include "harness/repetition.hpp"
#include "troupe/runtime/actor/supervisor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

class ProcessKillTest : public testing::Test {
 protected:
  // Before the first child: what the runtime itself opens is there by then.
  ProcessKillTest() {
    const auto first = runtime_.spawn_process<Worker>().value();
    (void)first.ask(WhoAreYou{}).value();
    end(first);
    fds_ = harness::open_fds();
  }

  void end(const Ref<Worker>& worker) {
    Inbox<Protocol<>> inbox{runtime_};
    inbox.context().monitor(worker);
    worker.stop();
    (void)await_down(inbox);
    wait_until_all_have_ended();
  }

  // And let go of what they had.
  void wait_until_all_have_ended() {
    wait_until([&] { return runtime_.stats().gauges.at("troupe_actors") == 0; });
  }

  std::minstd_rand random_ = harness::chance();
  Runtime runtime_{workers(2)};
  std::size_t fds_ = 0;
};

TEST_F(ProcessKillTest, EachAskEndsAndEachMonitorIsToldOnce) {
  Inbox<Protocol<>> inbox{runtime_};
  std::set<ActorId> alive;
  int downs = 0;
  for (int round = 0; round < harness::kills(); ++round) {
    const auto worker = runtime_.spawn_process<Worker>().value();
    inbox.context().monitor(worker);
    alive.insert(worker.id());
    const auto pid = worker.ask(WhoAreYou{});
    ASSERT_TRUE(pid) << pid.error().what();
    std::vector<Future<int>> asks;
    const int before = static_cast<int>(random_() % 400);
    for (int i = 0; i < 400; ++i) {
      if (i == before) {
        ASSERT_EQ(::kill(*pid, SIGKILL), 0);
      }
      worker.send(i);
      asks.push_back(worker.ask_async(Twice{i}));
    }
    for (int i = 0; i < 400; ++i) {
      const auto answer = asks[static_cast<std::size_t>(i)].get();
      if (answer) {
        EXPECT_EQ(*answer, 2 * i);
      } else {
        EXPECT_TRUE(answer.error() == Code::disconnected || answer.error() == Code::closed)
            << answer.error().what();
      }
    }
    const Down down = await_down(inbox);
    ++downs;
    EXPECT_EQ(alive.erase(down.target), 1U) << "a second Down: " << down.reason.text();
    EXPECT_EQ(down.reason.signal, SIGKILL) << down.reason.text();
  }
  EXPECT_EQ(downs, harness::kills());
  EXPECT_EQ(inbox.dispatch([](const Down& down) { ADD_FAILURE() << down.reason.text(); }), 0U);
  wait_until_all_have_ended();
  EXPECT_EQ(harness::open_fds(), fds_);
}

TEST_F(ProcessKillTest, SupervisedOnesComeBackAndLeaveNothing) {
  {
    SupervisorOptions options;
    options.restarts = 1'000'000;
    options.backoff_first = options.backoff_most = 0s;
    Supervisor supervisor{runtime_, options};
    ChildOptions apart;
    apart.placement = Placement::process;
    std::vector<Named<Worker>> workers;
    for (const char* name : {"one", "two", "three"}) {
      workers.push_back(supervisor.add<Worker>(name, apart).value());
    }
    for (int round = 0; round < harness::kills(); ++round) {
      const auto& victim = workers[random_() % workers.size()];
      auto pid = victim.ask(WhoAreYou{});
      while (!pid) {
        pid = victim.ask(WhoAreYou{});
      }
      std::vector<Future<int>> asks;
      for (const auto& worker : workers) {
        asks.push_back(worker.ask_async(Twice{round}));
      }
      ASSERT_EQ(::kill(*pid, SIGKILL), 0);
      for (auto& ask : asks) {
        if (const auto answer = ask.get()) {
          EXPECT_EQ(*answer, 2 * round);
        }
      }
    }
    for (const auto& worker : workers) {
      wait_until([&] { return worker.ask(Twice{1}).has_value(); });
    }
    EXPECT_TRUE(supervisor.stop(10s).clean());
  }
  wait_until_all_have_ended();
  EXPECT_EQ(harness::open_fds(), fds_);
}

}  // namespace
}  // namespace troupe::actor_test
