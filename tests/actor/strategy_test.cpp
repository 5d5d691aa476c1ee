// SPDX-License-Identifier: Apache-2.0
// Who is stopped and started again when a child is, and in which order.
#include "supervised.hpp"

namespace troupe::actor_tests {
namespace {

class StrategyTest : public SupervisedTest {
 protected:
  void begin(Strategy strategy) {
    supervisor.emplace(runtime, SupervisorOptions{.strategy = strategy});
    a = add(*supervisor, "a");
    b = add(*supervisor, "b");
    c = add(*supervisor, "c");
    run();
    ASSERT_EQ(record.take(), "a+ b+ c+");
  }

  std::optional<Supervisor> supervisor;
  Named<Recorded> a, b, c;
};

TEST_F(StrategyTest, OneForOneRestartsTheOneThatEndedAlone) {
  begin(Strategy::one_for_one);
  fail(b);
  EXPECT_EQ(record.take(), "b!");
  pass(50ms);
  EXPECT_EQ(record.take(), "b+");
}

TEST_F(StrategyTest, OneForAllStopsTheOthersInReverseOrderAndStartsAllInOrder) {
  begin(Strategy::one_for_all);
  fail(b);
  EXPECT_EQ(record.take(), "b! c- a-");
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ b+ c+");
}

TEST_F(StrategyTest, RestForOneStopsThoseAfterItInReverseOrderAndLeavesThoseBefore) {
  begin(Strategy::rest_for_one);
  Named<Recorded> d = add(*supervisor, "d");
  run();
  record.take();
  fail(b);
  EXPECT_EQ(record.take(), "b! d- c-");
  pass(50ms);
  EXPECT_EQ(record.take(), "b+ c+ d+");
  EXPECT_EQ(a.ask(Which{}).value(), 1);
}

TEST_F(StrategyTest, OneForAllCountsAsOneRestart) {
  begin(Strategy::one_for_all);
  for (int i = 0; i < 3; ++i) {
    fail(b);
    pass(5s);
  }
  EXPECT_TRUE(b.now());
  EXPECT_EQ(supervisor->children()[0].restarts, 3);
}

TEST_F(StrategyTest, TheOthersAreStartedOnlyWhenAllThatWereToldToStopHaveEnded) {
  begin(Strategy::one_for_all);
  ASSERT_TRUE(a.send(Hold{}));
  run();
  fail(c);
  EXPECT_EQ(record.take(), "c! b-");
  pass(4999ms);
  EXPECT_EQ(record.take(), "");
  pass(1ms);  // its grace: it is left alone
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ b+ c+");
  EXPECT_NE(log.find("child \"a\" did not end within 5 s; its successor starts beside it"),
            std::string::npos)
      << log;
  EXPECT_EQ(a.ask(Which{}).value(), 4);
}

TEST_F(StrategyTest, OneThatFailsBeforeThoseThatAreBeingRestartedTakesMoreWithIt) {
  begin(Strategy::rest_for_one);
  fail(c);
  EXPECT_EQ(record.take(), "c!");
  fail(a);
  EXPECT_EQ(record.take(), "a! b-");
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ b+ c+");
}

TEST_F(StrategyTest, ATemporaryChildThatIsStoppedBecauseOfAnotherDoesNotComeBack) {
  begin(Strategy::one_for_all);
  Named<Recorded> d = add(*supervisor, "d", {.restart = Restart::temporary});
  run();
  record.take();
  fail(a);
  EXPECT_EQ(record.take(), "a! d- c- b-");
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ b+ c+");
  EXPECT_EQ(d.now().error(), Code::closed);
}

TEST_F(StrategyTest, AChildAddedWhileOthersWaitToBeRestartedStaysAsItIs) {
  begin(Strategy::one_for_all);
  fail(a);
  Named<Recorded> d = add(*supervisor, "d");
  run();
  EXPECT_EQ(record.take(), "a! c- b- d+");
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ b+ c+");
}

}  // namespace
}  // namespace troupe::actor_tests
