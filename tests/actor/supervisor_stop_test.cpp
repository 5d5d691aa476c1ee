// SPDX-License-Identifier: Apache-2.0
// How a supervisor ends.
#include "supervised.hpp"

namespace troupe::actor_tests {
namespace {

class SupervisorStopTest : public SupervisedTest {};

TEST_F(SupervisorStopTest, ChildrenAreStoppedInReverseOrderAndStayStopped) {
  Supervisor supervisor{runtime};
  Named<Recorded> a = add(supervisor, "a");
  add(supervisor, "b");
  add(supervisor, "c");
  run();
  record.take();
  EXPECT_TRUE(supervisor.stop().clean());
  EXPECT_EQ(record.take(), "c- b- a-");
  EXPECT_TRUE(supervisor.wait().value().ok());
  EXPECT_EQ(a.send(Leave{}).code(), Code::closed);
  EXPECT_EQ(a.ask(Which{}).error(), Code::closed);
  EXPECT_EQ(supervisor.add<Recorded>("d", {}, &record, "d").error(), Code::closed);
  EXPECT_TRUE(supervisor.stop().clean()) << "again";
  pass(1h);
  EXPECT_EQ(record.take(), "") << "no restarts";
}

TEST_F(SupervisorStopTest, AStopDuringTheBackoffEndsIt) {
  Supervisor supervisor{runtime, {.backoff_first = 1min, .backoff_most = 1min}};
  Named<Recorded> a = add(supervisor, "a");
  add(supervisor, "b");
  run();
  fail(a);
  EXPECT_TRUE(supervisor.stop().clean());
  EXPECT_EQ(record.take(), "a+ b+ a! b-");
  EXPECT_EQ(a.ask(Which{}).error(), Code::closed);
  pass(1h);
  EXPECT_EQ(record.take(), "");
}

TEST_F(SupervisorStopTest, AStopDuringARegroupingEndsIt) {
  Supervisor supervisor{runtime, {.strategy = Strategy::one_for_all}};
  Named<Recorded> a = add(supervisor, "a");
  Named<Recorded> b = add(supervisor, "b");
  run();
  ASSERT_TRUE(a.send(Hold{}));
  run();
  fail(b);
  record.take();
  const StopReport report = supervisor.stop(10s);
  ASSERT_EQ(report.holders.size(), 1U) << report.text();
  EXPECT_EQ(report.holders[0].who, "child \"a\" of supervisor");
  pass(1h);
  EXPECT_EQ(record.take(), "");
}

TEST_F(SupervisorStopTest, AChildThatDoesNotEndWithinItsGraceIsReportedAndTheOthersAreStopped) {
  Supervisor supervisor{runtime, {.name = "top"}};
  add(supervisor, "a");
  Named<Recorded> b = add(supervisor, "b", {.grace = 2s});
  add(supervisor, "c");
  run();
  ASSERT_TRUE(b.send(Hold{}));
  run();
  record.take();
  const StopReport report = supervisor.stop(1min);
  EXPECT_EQ(record.take(), "c- a-");
  ASSERT_EQ(report.holders.size(), 1U) << report.text();
  EXPECT_EQ(report.holders[0].who, "child \"b\" of supervisor \"top\"");
  EXPECT_EQ(report.holders[0].doing, "handling Hold");
  EXPECT_EQ(report.holders[0].for_how_long, 2s);
  EXPECT_FALSE(report.holders[0].killed);
}

TEST_F(SupervisorStopTest, TheDeadlineOfAStopBoundsTheGraceOfAll) {
  Supervisor supervisor{runtime};
  Named<Recorded> a = add(supervisor, "a", {.grace = 1h});
  Named<Recorded> b = add(supervisor, "b", {.grace = 1h});
  run();
  ASSERT_TRUE(a.send(Hold{}));
  ASSERT_TRUE(b.send(Hold{}));
  run();
  const Instant before = clock.now();
  const StopReport report = supervisor.stop(3s);
  EXPECT_LE(clock.now() - before, 4s);
  EXPECT_EQ(report.holders.size(), 2U) << report.text();
}

TEST_F(SupervisorStopTest, ItsDestructorStopsTheChildrenAndDoesNotHang) {
  {
    Supervisor supervisor{runtime, {.grace = 3s}};
    add(supervisor, "a");
    Named<Recorded> b = add(supervisor, "b", {.grace = 1h});
    run();
    ASSERT_TRUE(b.send(Hold{}));
    run();
    record.take();
  }
  run();
  EXPECT_EQ(record.take(), "a-");
}

TEST_F(SupervisorStopTest, OneThatWasMovedFromHasNothingToStop) {
  Supervisor first{runtime};
  add(first, "a");
  Supervisor second = std::move(first);
  EXPECT_TRUE(first.stop().clean());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(first.wait().error(), Code::closed);
  EXPECT_TRUE(second.child<Recorded>("a").now());
}

TEST_F(SupervisorStopTest, AStopOfTheRuntimeRestartsNothing) {
  Supervisor supervisor{runtime};
  add(supervisor, "a");
  add(supervisor, "b");
  run();
  record.take();
  EXPECT_TRUE(runtime.stop(1s).clean());
  EXPECT_EQ(record.events.size(), 2U) << record.take();
  EXPECT_TRUE(supervisor.stop().clean());
}

TEST_F(SupervisorStopTest, AStopIsAskedForByAChildToo) {
  // It waits for the supervisor, which waits for it: for its grace.
  struct StopAll {};
  class Rebel {
   public:
    explicit Rebel(Supervisor* supervisor) : supervisor_(supervisor) {}
    void handle(StopAll) { (void)supervisor_->stop(1min); }

   private:
    Supervisor* supervisor_;
  };
  Supervisor supervisor{runtime};
  auto rebel = supervisor.add<Rebel>("rebel", {.grace = 1s}, &supervisor).value();
  ASSERT_TRUE(rebel.send(StopAll{}));
  EXPECT_TRUE(supervisor.wait().value().ok());
}

}  // namespace
}  // namespace troupe::actor_tests
