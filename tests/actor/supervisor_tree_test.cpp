// SPDX-License-Identifier: Apache-2.0
// Supervisors under supervisors.
#include "supervised.hpp"

namespace troupe::actor_tests {
namespace {

class SupervisorTreeTest : public SupervisedTest {
 protected:
  // Twice the branch may restart a child, at the third time it gives up.
  void begin(SupervisorOptions top) {
    root.emplace(runtime, top);
    add(*root, "before");
    branch = root->add_supervisor("branch", {.restarts = 2, .within = 10s}).value();
    a = add(branch, "a");
    b = add(branch, "b");
    add(*root, "after");
    run();
    ASSERT_EQ(record.take(), "before+ a+ b+ after+");
  }
  void exhaust_branch() {
    for (const Duration backoff : {50ms, 100ms}) {
      fail(a);
      pass(backoff);
    }
    ASSERT_EQ(record.take(), "a! a+ a! a+");
    fail(a);
  }

  std::optional<Supervisor> root;
  Branch branch;
  Named<Recorded> a, b;
};

TEST_F(SupervisorTreeTest, ABranchThatGivesUpStopsItsChildrenAndIsRestartedWithThem) {
  begin({});
  exhaust_branch();
  EXPECT_EQ(record.take(), "a! b-");
  EXPECT_EQ(a.now().error(), Code::disconnected);
  EXPECT_EQ(b.now().error(), Code::disconnected);
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ b+");
  EXPECT_GT(b.ask(Which{}).value(), 4);
  const ChildState state = root->children().at(1);
  EXPECT_EQ(state.name, "branch");
  EXPECT_EQ(state.restarts, 1);
  EXPECT_EQ(state.last->kind, Exit::Kind::failed);
}

TEST_F(SupervisorTreeTest, ABranchThatWasRestartedTakesNewChildren) {
  begin({});
  exhaust_branch();
  pass(50ms);
  Named<Recorded> c = add(branch, "c");
  run();
  EXPECT_EQ(record.take(), "a! b- a+ b+ c+");
  fail(c);
  pass(50ms);
  EXPECT_EQ(record.take(), "c! c+");
}

TEST_F(SupervisorTreeTest, ChildrenOfABranchThatHadEndedForGoodStayEnded) {
  begin({});
  Named<Recorded> done = add(branch, "done", {.restart = Restart::transient});
  ASSERT_TRUE(done.send(Leave{}));
  run();
  record.take();
  exhaust_branch();
  pass(50ms);
  EXPECT_EQ(record.take(), "a! b- a+ b+");
  EXPECT_EQ(done.now().error(), Code::closed);
}

TEST_F(SupervisorTreeTest, WhatTheBranchCannotBearTheRootMayNotEither) {
  begin({.restarts = 0});
  exhaust_branch();
  EXPECT_EQ(record.take(), "a! b- after- before-");
  const Exit exit = root->wait().value();
  EXPECT_EQ(exit.kind, Exit::Kind::failed);
  EXPECT_EQ(a.ask(Which{}).error(), Code::closed);
  EXPECT_EQ(branch.add<Recorded>("x", {}, &record, "x").error(), Code::closed);
  pass(1h);
  EXPECT_EQ(record.take(), "");
}

TEST_F(SupervisorTreeTest, AStopGoesThroughTheTreeInReverseOrder) {
  begin({});
  EXPECT_TRUE(root->stop().clean());
  EXPECT_EQ(record.take(), "after- b- a- before-");
  EXPECT_TRUE(root->wait().value().ok());
  EXPECT_EQ(a.now().error(), Code::closed);
}

TEST_F(SupervisorTreeTest, ABranchIsStoppedAndStartedWithTheOthers) {
  begin({.strategy = Strategy::one_for_all});
  ASSERT_TRUE(root->child<Recorded>("before").send(Fail{"x"}));
  run();
  EXPECT_EQ(record.take(), "before! after- b- a-");
  EXPECT_EQ(a.now().error(), Code::disconnected);
  pass(50ms);
  EXPECT_EQ(record.take(), "before+ a+ b+ after+");
  EXPECT_TRUE(a.now());
}

TEST_F(SupervisorTreeTest, AChildOfABranchThatDoesNotEndIsInTheReportOfTheRoot) {
  begin({});
  ASSERT_TRUE(a.send(Hold{}));
  run();
  const StopReport report = root->stop(1min);
  ASSERT_EQ(report.holders.size(), 1U) << report.text();
  EXPECT_EQ(report.holders[0].who, "child \"a\" of supervisor \"branch\"");
  EXPECT_EQ(report.holders[0].doing, "handling Hold");
  EXPECT_EQ(record.take(), "after- b- before-");
}

TEST_F(SupervisorTreeTest, ASupervisorOfAnActorEndsWithIt) {
  struct Stop {};
  class Owner {
   public:
    explicit Owner(Record* record) : record_(record) {}
    void started(Context& context) {
      own_.emplace(context.runtime());
      (void)own_->add<Recorded>("x", {}, record_, "x");
      (void)own_->add<Recorded>("y", {}, record_, "y");
    }
    void handle(Stop, Context& context) { context.stop(); }

   private:
    Record* record_;
    std::optional<Supervisor> own_;
  };
  auto owner = runtime.spawn<Owner>(&record);
  run();
  EXPECT_EQ(record.take(), "x+ y+");
  ASSERT_TRUE(owner.send(Stop{}));
  run();
  EXPECT_EQ(record.take(), "y- x-");
}

TEST_F(SupervisorTreeTest, ASupervisorThatIsAnActorsChildEndsWithIt) {
  struct Stop {};
  class Owner {
   public:
    Owner(Record* record, std::optional<Supervisor>* its) : record_(record), its_(its) {}
    void started(Context& context) {
      its_->emplace(context);
      (void)(*its_)->add<Recorded>("x", {}, record_, "x");
    }
    void handle(Stop, Context& context) { context.stop(); }

   private:
    Record* record_;
    std::optional<Supervisor>* its_;
  };
  auto owner = runtime.spawn<Owner>(&record, &root);
  run();
  ASSERT_TRUE(owner.send(Stop{}));
  run();
  EXPECT_EQ(record.take(), "x+ x-");
  EXPECT_TRUE(root->wait().value().ok());
}

}  // namespace
}  // namespace troupe::actor_tests
