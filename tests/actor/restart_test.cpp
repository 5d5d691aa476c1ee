// SPDX-License-Identifier: Apache-2.0
// Which children are restarted, when, how often, and who hears what of it.
#include "supervised.hpp"

namespace troupe::actor_tests {
namespace {

class RestartTest : public SupervisedTest {
 protected:
  Supervisor supervisor{runtime};
};

TEST_F(RestartTest, APermanentChildIsRestartedHoweverItEnds) {
  Named<Recorded> child = add(supervisor, "a", {.restart = Restart::permanent});
  run();
  fail(child);
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ a! a+");
  ASSERT_TRUE(child.send(Leave{}));
  run();
  pass(100ms);
  EXPECT_EQ(record.take(), "a- a+");
  EXPECT_EQ(supervisor.children()[0].restarts, 2);
}

TEST_F(RestartTest, ATransientChildIsRestartedWhenItFailsAndNotWhenItEnds) {
  Named<Recorded> child = add(supervisor, "a", {.restart = Restart::transient});
  run();
  fail(child);
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ a! a+");
  ASSERT_TRUE(child.send(Leave{}));
  run();
  pass(1h);
  EXPECT_EQ(record.take(), "a-");
  EXPECT_EQ(child.now().error(), Code::closed);
}

TEST_F(RestartTest, ATemporaryChildIsNeverRestarted) {
  Named<Recorded> a = add(supervisor, "a", {.restart = Restart::temporary});
  Named<Recorded> b = add(supervisor, "b", {.restart = Restart::temporary});
  run();
  fail(a);
  ASSERT_TRUE(b.send(Leave{}));
  run();
  pass(1h);
  EXPECT_EQ(record.take(), "a+ b+ a! b-");
  EXPECT_EQ(a.ask(Which{}).error(), Code::closed);
}

TEST_F(RestartTest, ChildrenAreWaitedForUntilAllHaveEndedForGood) {
  Named<Recorded> a = add(supervisor, "a", {.restart = Restart::temporary});
  Named<Recorded> b = add(supervisor, "b", {.restart = Restart::transient});
  ASSERT_TRUE(a.send(Fail{"no matter"}));
  EXPECT_EQ(supervisor.wait(1s).error(), Code::timed_out);
  ASSERT_TRUE(b.send(Leave{}));
  EXPECT_TRUE(supervisor.wait().value().ok());
  // It goes on.
  EXPECT_TRUE(supervisor.add<Recorded>("a", {}, &record, "a"));
}

TEST_F(RestartTest, TheStateOfChildrenTellsHowTheyEndedLast) {
  Named<Recorded> a = add(supervisor, "a");
  run();
  EXPECT_TRUE(supervisor.children().at(0).running);
  EXPECT_FALSE(supervisor.children().at(0).last);
  fail(a, "the disk is full");
  const ChildState state = supervisor.children().at(0);
  EXPECT_FALSE(state.running);
  ASSERT_TRUE(state.last);
  EXPECT_EQ(state.last->kind, Exit::Kind::failed);
  EXPECT_EQ(state.last->what, "the disk is full");
  pass(50ms);
  EXPECT_TRUE(supervisor.children().at(0).running);
  EXPECT_EQ(supervisor.children().at(0).restarts, 1);
}

TEST_F(RestartTest, TheBackoffDoublesUpToItsMost) {
  Supervisor patient{runtime, {.restarts = 100, .backoff_first = 100ms, .backoff_most = 350ms}};
  Named<Recorded> child = add(patient, "a");
  run();
  record.take();
  for (const Duration backoff : {100ms, 200ms, 350ms, 350ms}) {
    fail(child);
    EXPECT_EQ(record.take(), "a!");
    pass(backoff - 1ns);
    EXPECT_EQ(record.take(), "");
    pass(1ns);
    EXPECT_EQ(record.take(), "a+");
  }
}

TEST_F(RestartTest, TheBackoffBeginsAnewForAChildThatHasRunForLong) {
  Supervisor patient{runtime, {.restarts = 100, .within = 10s, .backoff_first = 100ms}};
  Named<Recorded> child = add(patient, "a");
  run();
  fail(child);
  pass(100ms);
  fail(child);
  pass(200ms);
  pass(10s);
  record.take();
  fail(child);
  pass(100ms);
  EXPECT_EQ(record.take(), "a! a+");
}

TEST_F(RestartTest, OneRestartMoreThanIsBorneEndsTheSupervisorAsFailed) {
  Supervisor strict{runtime, {.name = "strict", .restarts = 2, .within = 10s}};
  Named<Recorded> a = add(strict, "a");
  Named<Recorded> b = add(strict, "b");
  Named<Recorded> c = add(strict, "c");
  run();
  fail(b);
  pass(50ms);
  fail(b);
  pass(100ms);
  record.take();
  fail(b, "the last straw");
  EXPECT_EQ(record.take(), "b! c- a-");
  const Exit exit = strict.wait(1s).value();
  EXPECT_EQ(exit.kind, Exit::Kind::failed);
  EXPECT_NE(exit.what.find("more than 2 times in 10 s"), std::string::npos) << exit.what;
  EXPECT_NE(exit.what.find("the last straw"), std::string::npos) << exit.what;
  EXPECT_EQ(a.now().error(), Code::closed);
  EXPECT_EQ(b.ask(Which{}).error(), Code::closed);
  EXPECT_EQ(strict.add<Recorded>("d", {}, &record, "d").error(), Code::disconnected);
  pass(1h);
  EXPECT_EQ(record.take(), "");
}

TEST_F(RestartTest, RestartsThatAreFarApartAreBorneForEver) {
  Supervisor strict{runtime, {.restarts = 1, .within = 10s}};
  Named<Recorded> child = add(strict, "a");
  run();
  for (int i = 0; i < 20; ++i) {
    fail(child);
    pass(10s);
    ASSERT_TRUE(child.now()) << i;
  }
}

TEST_F(RestartTest, AConstructorThatThrowsAtARestartIsAFailureLikeOthers) {
  Named<Recorded> child = add(supervisor, "a");
  run();
  int left = 2;
  record.making = [&](const std::string&) {
    if (left-- > 0) {
      throw std::runtime_error("not yet");
    }
  };
  fail(child);
  pass(50ms);
  EXPECT_EQ(supervisor.children().at(0).last->what, "its constructor threw: not yet");
  pass(100ms);
  pass(200ms);
  EXPECT_EQ(record.take(), "a+ a! a+");
  EXPECT_EQ(supervisor.children().at(0).restarts, 3);
  left = 1;
  fail(child);  // the fourth within 10 s
  EXPECT_EQ(supervisor.wait().value().kind, Exit::Kind::failed);
}

TEST_F(RestartTest, AConstructorThatThrowsWhenAChildIsAddedMakesNoChild) {
  record.making = [](const std::string&) { throw std::runtime_error("never"); };
  const auto added = supervisor.add<Recorded>("a", {}, &record, "a");
  EXPECT_EQ(added.error(), Code::failed);
  pass(1h);
  EXPECT_TRUE(supervisor.children().empty());
  record.making = [](const std::string&) {};
  EXPECT_TRUE(supervisor.add<Recorded>("a", {}, &record, "a"));
  EXPECT_EQ(supervisor.child<Recorded>("a").ask(Which{}).value(), 1);
}

TEST_F(RestartTest, EachIncarnationIsMadeFromTheSameArguments) {
  struct Get {};
  struct Change {};
  class Holder {
   public:
    explicit Holder(std::vector<int> values) : values_(std::move(values)) {}
    std::size_t handle(Get) const { return values_.size(); }
    void handle(Change) {
      values_.clear();
      throw std::runtime_error("gone");
    }

   private:
    std::vector<int> values_;
  };
  auto child = supervisor.add<Holder>("a", {}, std::vector<int>{1, 2, 3}).value();
  EXPECT_EQ(child.ask(Get{}).value(), 3U);
  ASSERT_TRUE(child.send(Change{}));
  run();
  pass(50ms);
  EXPECT_EQ(child.ask(Get{}).value(), 3U);
}

TEST_F(RestartTest, ANameThatIsTakenIsRefusedAndOneWhoseChildHasEndedIsFree) {
  Named<Recorded> child = add(supervisor, "a", {.restart = Restart::temporary});
  EXPECT_EQ(supervisor.add<Recorded>("a", {}, &record, "a").error(), Code::exists);
  ASSERT_TRUE(child.send(Leave{}));
  run();
  EXPECT_EQ(child.now().error(), Code::closed);
  add(supervisor, "a");
  EXPECT_EQ(child.ask(Which{}).value(), 2) << "the handle means the child of that name";
  EXPECT_EQ(supervisor.children().size(), 1U);
}

// ---- who hears what ----------------------------------------------------------------------------

struct Watch {
  Ref<Recorded> whom;
};
class Monitor {
 public:
  explicit Monitor(std::vector<Exit>* exits) : exits_(exits) {}
  void handle(const Watch& watch, Context& context) { context.monitor(watch.whom); }
  void handle(Down down) { exits_->push_back(std::move(down.reason)); }

 private:
  std::vector<Exit>* exits_;
};

TEST_F(RestartTest, MonitorsAreToldTheRealReason) {
  std::vector<Exit> exits;
  auto monitor = runtime.spawn<Monitor>(&exits);
  Named<Recorded> child = add(supervisor, "a");
  ASSERT_TRUE(monitor.send(Watch{child.now().value()}));
  run();
  fail(child, "overheated");
  pass(1s);
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].kind, Exit::Kind::failed);
  EXPECT_EQ(exits[0].what, "overheated");
}

TEST_F(RestartTest, AsksInTheMailboxOfOneThatIsRestartedEndAndSaySo) {
  Named<Recorded> child = add(supervisor, "a");
  run();
  ASSERT_TRUE(child.send(Fail{"first"}));
  Future<int> waiting = child.ask_async(Which{});
  run();
  const auto answer = waiting.get(1s);
  EXPECT_EQ(answer.error(), Code::disconnected);
  EXPECT_NE(std::string{answer.error().what()}.find("was restarted"), std::string::npos)
      << answer.error().what();
}

TEST_F(RestartTest, AsksInTheMailboxOfOneThatEndsForGoodEndWithItsReason) {
  Named<Recorded> child = add(supervisor, "a", {.restart = Restart::temporary});
  run();
  ASSERT_TRUE(child.send(Fail{"first"}));
  Future<int> waiting = child.ask_async(Which{});
  run();
  const auto answer = waiting.get(1s);
  EXPECT_EQ(answer.error(), Code::disconnected);
  EXPECT_NE(std::string{answer.error().what()}.find("first"), std::string::npos)
      << answer.error().what();
}

TEST_F(RestartTest, SendsInTheMailboxOfOneThatIsRestartedAreCounted) {
  Named<Recorded> child = add(supervisor, "a");
  run();
  const std::string ended = "troupe_messages_dropped_total{cause=\"ended\"}";
  const auto before = runtime.stats().counters.at(ended);
  ASSERT_TRUE(child.send(Fail{"first"}));
  ASSERT_TRUE(child.send(Leave{}));
  ASSERT_TRUE(child.send(Leave{}));
  run();
  EXPECT_EQ(runtime.stats().counters.at(ended), before + 2);
  EXPECT_EQ(child.send(Leave{}).code(), Code::closed) << "nobody is there";
  EXPECT_EQ(runtime.stats().counters.at(ended), before + 3);
  pass(50ms);
  EXPECT_EQ(child.ask(Which{}).value(), 2);
}

TEST_F(RestartTest, AnAskBetweenTwoIncarnationsWaitsForTheSuccessor) {
  Named<Recorded> child = add(supervisor, "a");
  run();
  fail(child);
  EXPECT_EQ(child.now().error(), Code::disconnected);
  EXPECT_EQ(child.ask_async(Which{}).get(1s).error(), Code::disconnected);
  EXPECT_EQ(child.ask(Which{}).value(), 2);
}

TEST_F(RestartTest, AnAskThatNoSuccessorComesForInTimeTimesOut) {
  Supervisor slow{runtime, {.backoff_first = 1min, .backoff_most = 1min}};
  Named<Recorded> child = add(slow, "a");
  run();
  fail(child);
  EXPECT_EQ(child.ask(Which{}, 1s).error(), Code::timed_out);
  EXPECT_EQ(child.ask(Which{}).error(), Code::timed_out) << "RuntimeOptions::ask_timeout";
}

TEST_F(RestartTest, TheRestartsOfAChildAreInItsStats) {
  Named<Recorded> child = add(supervisor, "parser");
  run();
  fail(child);
  pass(50ms);
  bool found = false;
  for (const ActorStats& stats : runtime.stats().actors) {
    if (stats.name == "parser") {
      found = true;
      EXPECT_EQ(stats.restarts, 1U);
    }
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace troupe::actor_tests
