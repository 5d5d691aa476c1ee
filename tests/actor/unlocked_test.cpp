// SPDX-License-Identifier: Apache-2.0
// The program's code is never called under a lock: it may call anything itself.
#include "actor/support.hpp"
#include "supervised.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace troupe {
namespace {

using namespace std::chrono_literals;

struct Spin {
  actor_test::Gate until;
};
struct Nothing {};

class Spinner final {
 public:
  void handle(const Spin& spin) {
    while (!spin.until.is_open()) {
      std::this_thread::yield();
    }
  }
  void handle(Nothing /*nothing*/) {}
};

TEST(UnlockedTest, TheLogMaySpawnActorsWithThreadsOfTheirOwn) {
  const actor_test::Gate logged;
  std::atomic<Runtime*> its{nullptr};
  RuntimeOptions options = actor_test::workers(1);
  options.log = [&its, logged](std::string_view line) {
    if (line.find("has computed for") == std::string_view::npos) {
      return;
    }
    Runtime& runtime = *its.load();
    runtime.spawn_with<Spinner>({.placement = Placement::thread}).ask(Nothing{}).value();
    (void)runtime.stats();
    logged.open();
  };
  Runtime runtime{options};
  its = &runtime;
  ActorOptions own;
  own.placement = Placement::thread;
  own.handler_limit = 1ms;
  runtime.spawn_with<Spinner>(own).ask(Spin{logged}, forever).value();
  EXPECT_TRUE(logged.is_open());
}

// What a child is made of, which calls back when it goes.
class CallsBack final {
 public:
  explicit CallsBack(std::function<void()> gone) : gone_(std::move(gone)) {}
  CallsBack(const CallsBack&) = delete;
  CallsBack& operator=(const CallsBack&) = delete;
  ~CallsBack() { gone_(); }

 private:
  const std::function<void()> gone_;
};

class MadeOfIt final {
 public:
  using Accepts = Protocol<void(actor_tests::Leave), void(actor_tests::Fail)>;
  explicit MadeOfIt(std::shared_ptr<CallsBack> /*part*/) {}
  void handle(actor_tests::Leave /*leave*/, Context& context) { context.stop(); }
  void handle(actor_tests::Fail fail) { throw std::runtime_error(fail.why); }
};

class UnlockedSupervisorTest : public actor_tests::SupervisedTest {};

// The supervisor forgets it in a restart, so that the list of children has it alone.
TEST_F(UnlockedSupervisorTest, TheArgumentsOfAChildThatIsReplacedMayLookAtTheChildren) {
  Supervisor root{runtime};
  Branch branch = root.add_supervisor("branch", {.restarts = 0}).value();
  std::size_t seen = 0;
  auto part = std::make_shared<CallsBack>([&] { seen = branch.children().size(); });
  const ChildOptions temporary{.restart = Restart::temporary};
  const auto first = branch.add<MadeOfIt>("it", temporary, std::move(part)).value();
  const auto other = add(branch, "other");
  ASSERT_TRUE(first.send(actor_tests::Leave{}));
  run();
  fail(other);  // the branch gives up, and begins again
  pass(1s);
  ASSERT_EQ(seen, 0U);
  ASSERT_TRUE(branch.add<MadeOfIt>("it", temporary, std::shared_ptr<CallsBack>{}));
  EXPECT_EQ(seen, 2U);
}

}  // namespace
}  // namespace troupe
