// SPDX-License-Identifier: Apache-2.0
// A supervisor makes a child when the started() of the one before has returned, and never waits
// itself.
#include "supervised.hpp"

#include <optional>

namespace troupe::actor_tests {
namespace {

// What a child does in its started(); by its name, each time.
using Starts = std::function<void(const std::string& name, Context& context)>;

// "a+" made, "a(" started() begins, "a)" has returned, "a-" or "a!" it has ended.
class Slow final {
 public:
  using Accepts = Protocol<void(Fail)>;

  Slow(Record* record, std::string name, const Starts* starts)
      : record_(record), name_(std::move(name)), starts_(starts) {
    add("+");
  }
  void started(Context& context) {
    add("(");
    (*starts_)(name_, context);
    add(")");
  }
  void stopped(Context& /*context*/, const Exit& reason) { add(reason.ok() ? "-" : "!"); }
  void handle(const Fail& fail) { throw std::runtime_error(fail.why); }

 private:
  void add(const char* what) { record_->events.push_back(name_ + what); }

  Record* record_;
  std::string name_;
  const Starts* starts_;
};

// Adds a child when it is told, and keeps what came of it.
struct Add {
  Supervisor* supervisor;
  std::function<Result<void>(Supervisor& supervisor)> what;
};
class Adding final {
 public:
  explicit Adding(std::optional<Result<void>>* result) : result_(result) {}
  void handle(const Add& add) { result_->emplace(add.what(*add.supervisor)); }

 private:
  std::optional<Result<void>>* result_;
};

class StartOrderTest : public SupervisedTest {
 protected:
  Named<Slow> add_slow(Supervisor& its, const std::string& name) {
    return its.add<Slow>(name, {}, &record, name, &starts).value();
  }
  Result<void> try_to_add(Supervisor& its, const std::string& name) {
    auto added = its.add<Slow>(name, {}, &record, name, &starts);
    return added ? Result<void>{} : added.error();
  }
  void begin(Strategy strategy) {
    supervisor.emplace(runtime, SupervisorOptions{.strategy = strategy});
    a = add_slow(*supervisor, "a");
    b = add_slow(*supervisor, "b");
    c = add_slow(*supervisor, "c");
    pass(1s);
    ASSERT_EQ(record.take(), "a+ a( a) b+ b( b) c+ c( c)");
  }

  Starts starts = [](const std::string& /*name*/, Context& context) {
    EXPECT_TRUE(context.sleep(100ms));
  };
  std::optional<Supervisor> supervisor;
  Named<Slow> a, b, c;
};

TEST_F(StartOrderTest, AChildIsMadeWhenTheStartedOfTheOneBeforeHasReturned) {
  begin(Strategy::one_for_one);
}

TEST_F(StartOrderTest, SoItIsWhenAllAreRestarted) {
  begin(Strategy::one_for_all);
  fail(b);
  EXPECT_EQ(record.take(), "b! c- a-");
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ a(");
  pass(100ms);
  EXPECT_EQ(record.take(), "a) b+ b(");
  pass(100ms);
  pass(100ms);
  EXPECT_EQ(record.take(), "b) c+ c( c)");
}

TEST_F(StartOrderTest, SoItIsWhenTheRestIsRestarted) {
  begin(Strategy::rest_for_one);
  fail(b);
  EXPECT_EQ(record.take(), "b! c-");
  pass(50ms);
  EXPECT_EQ(record.take(), "b+ b(");
  pass(100ms);
  pass(100ms);
  EXPECT_EQ(record.take(), "b) c+ c( c)");
}

TEST_F(StartOrderTest, SoItIsWhenTwoAreRestartedEachAlone) {
  begin(Strategy::one_for_one);
  fail(b);
  fail(a);
  record.take();
  pass(50ms);
  const std::string first = record.take();
  EXPECT_TRUE(first == "a+ a(" || first == "b+ b(") << first;
  pass(100ms);
  pass(100ms);
  EXPECT_EQ(record.take(), first == "a+ a(" ? "a) b+ b( b)" : "b) a+ a( a)");
}

TEST_F(StartOrderTest, ASupervisorHasStartedWhenItsChildrenHave) {
  supervisor.emplace(runtime, SupervisorOptions{.strategy = Strategy::one_for_all});
  a = add_slow(*supervisor, "a");
  Branch branch = supervisor->add_supervisor("branch").value();
  for (const char* const name : {"b", "c"}) {
    ASSERT_TRUE(branch.add<Slow>(name, {}, &record, std::string{name}, &starts));
  }
  pass(1s);
  add_slow(*supervisor, "d");
  pass(1s);
  ASSERT_EQ(record.take(), "a+ a( a) b+ b( b) c+ c( c) d+ d( d)");
  fail(a);
  EXPECT_EQ(record.take(), "a! d- c- b-");
  pass(50ms);
  for (int i = 0; i < 4; ++i) {
    pass(100ms);
  }
  EXPECT_EQ(record.take(), "a+ a( a) b+ b( b) c+ c( c) d+ d( d)");
}

TEST_F(StartOrderTest, AStartedThatThrowsIsAnEndAndTheNextOneIsMade) {
  starts = [times = 0](const std::string& name, Context& /*context*/) mutable {
    if (name == "a" && times++ == 0) {
      throw std::runtime_error("no licence");
    }
  };
  supervisor.emplace(runtime);
  add_slow(*supervisor, "a");
  add_slow(*supervisor, "b");
  run();
  EXPECT_EQ(record.take(), "a+ a( a! b+ b( b)");
  pass(50ms);
  EXPECT_EQ(record.take(), "a+ a( a)");
}

TEST_F(StartOrderTest, OneThatFailsWhileAnotherStartsStopsThatOneToo) {
  begin(Strategy::one_for_all);
  starts = [](const std::string& name, Context& context) {
    EXPECT_TRUE(context.sleep(name == "b" ? 1s : 0s));
  };
  fail(c);
  record.take();
  pass(50ms);
  ASSERT_EQ(record.take(), "a+ a( a) b+ b(");
  fail(a);
  EXPECT_EQ(record.take(), "a!");
  pass(1s);  // started() is not interrupted
  EXPECT_EQ(record.take(), "b) b-");
  pass(100ms);
  EXPECT_EQ(record.take(), "a+ a( a) b+ b(");
  pass(1s);
  EXPECT_EQ(record.take(), "b) c+ c( c)");
}

TEST_F(StartOrderTest, AStopEndsAStartAndThoseWhoWaitToBeAdded) {
  starts = [](const std::string& name, Context& context) {
    (void)context.sleep(name == "a" ? 24h : 0h);
  };
  supervisor.emplace(runtime);
  add_slow(*supervisor, "a");
  std::optional<Result<void>> added;
  runtime.spawn<Adding>(&added).send(
      Add{&*supervisor, [this](Supervisor& its) { return try_to_add(its, "b"); }});
  run();
  EXPECT_EQ(record.take(), "a+ a(");
  EXPECT_FALSE(added);
  const StopReport report = supervisor->stop(1s);
  ASSERT_EQ(report.holders.size(), 1U);
  EXPECT_EQ(report.holders[0].who, "child \"a\" of supervisor");
  run();
  ASSERT_TRUE(added);
  EXPECT_EQ(added->error(), Code::closed);
  EXPECT_EQ(record.take(), "");
}

TEST_F(StartOrderTest, AChildThatAddsAnotherInItsStartedIsRefused) {
  std::optional<Result<void>> added;
  starts = [&](const std::string& name, Context& /*context*/) {
    if (name == "a") {
      added = try_to_add(*supervisor, "b");
    }
  };
  supervisor.emplace(runtime);
  add_slow(*supervisor, "a");
  run();
  ASSERT_TRUE(added);
  ASSERT_EQ(added->error(), Code::refused);
  const std::string what = added->error().what();
  EXPECT_NE(what.find("waits for Slow \"a\""), std::string::npos) << what;
  EXPECT_EQ(record.take(), "a+ a( a)");
  add_slow(*supervisor, "b");
  run();
  EXPECT_EQ(record.take(), "b+ b( b)");
}

TEST_F(StartOrderTest, AChildIsRefusedWhatItAsksOfOneWhoWaitsForItsStart) {
  struct Go {};
  struct Helper {
    explicit Helper(std::function<Result<void>()> its_add) : add(std::move(its_add)) {}
    Result<void> handle(Go) { return add(); }
    std::function<Result<void>()> add;
  };
  std::optional<Result<void>> asked;
  supervisor.emplace(runtime);
  const auto helper = runtime.spawn<Helper>([this] { return try_to_add(*supervisor, "b"); });
  starts = [&](const std::string& name, Context& context) {
    if (name == "a") {
      helper.send(Go{});
      EXPECT_TRUE(context.sleep(100ms));  // the helper asks, and waits for this start
      asked = helper.ask(Go{}, forever);
    }
  };
  add_slow(*supervisor, "a");
  pass(100ms);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->error(), Code::refused);
  EXPECT_EQ(record.take(), "a+ a( a) b+ b( b)");
}

TEST_F(StartOrderTest, AChildThatAddsAnotherLaterIsServed) {
  std::optional<Result<void>> added;
  supervisor.emplace(runtime);
  add_slow(*supervisor, "a");
  runtime.spawn<Adding>(&added).send(
      Add{&*supervisor, [this](Supervisor& its) { return try_to_add(its, "b"); }});
  pass(100ms);
  ASSERT_TRUE(added);
  EXPECT_TRUE(*added);
  pass(100ms);
  EXPECT_EQ(record.take(), "a+ a( a) b+ b( b)");
}

}  // namespace
}  // namespace troupe::actor_tests
