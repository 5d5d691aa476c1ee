// SPDX-License-Identifier: Apache-2.0
#include "actor/subjects.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <thread>

namespace troupe::actor_test {
namespace {

using Lines = Recorded<std::string>;

struct Block {
  std::shared_ptr<std::latch> entered;
  std::shared_ptr<std::latch> go_on;
};

// Says when it starts and stops, and does then what the test wants.
class Hooked final {
 public:
  struct Hooks {
    std::function<void(Context&)> started;
    std::function<void(Context&)> stopped;
  };

  Hooked(Lines& lines, std::string name, Hooks hooks = {})
      : lines_(lines), name_(std::move(name)), hooks_(std::move(hooks)) {}

  void started(Context& context) {
    lines_.add(name_ + " started");
    if (hooks_.started) {
      hooks_.started(context);
    }
  }
  void stopped(Context& context, const Exit& reason) {
    lines_.add(name_ + " stopped: " + (reason.ok() ? "normal" : reason.what));
    if (hooks_.stopped) {
      hooks_.stopped(context);
    }
  }
  int handle(Ping /*ping*/) {
    lines_.add(name_ + " pinged");
    return 1;
  }
  void handle(Fail fail) { throw std::runtime_error(fail.what); }
  void handle(const Do& act, Context& context) { act.what(context); }
  // Keeps its worker, as a computation would.
  void handle(const Block& block) {
    block.entered->count_down();
    block.go_on->wait();
  }

 private:
  Lines& lines_;
  const std::string name_;
  const Hooks hooks_;
};

class LifecycleTest : public testing::Test {
 protected:
  // Returns once the actor is in the middle of a message, and stays there until release_.
  void block(const Ref<Hooked>& actor) {
    auto entered = std::make_shared<std::latch>(1);
    actor.send(Block{entered, release_});
    entered->wait();
  }
  double dropped() { return static_cast<double>(runtime_.stats().counters.at(kEnded)); }

  static constexpr const char* kEnded = "troupe_messages_dropped_total{cause=\"ended\"}";
  Lines lines_;
  Lines log_;
  std::shared_ptr<std::latch> release_ = std::make_shared<std::latch>(1);
  Runtime runtime_{[this] {
    RuntimeOptions options = with_workers(2);
    options.log = [this](std::string_view line) { log_.add(std::string{line}); };
    return options;
  }()};
};

TEST_F(LifecycleTest, StartedComesBeforeTheFirstMessageAndStoppedAfterTheLast) {
  const auto actor = runtime_.spawn<Hooked>(lines_, "it");
  EXPECT_EQ(actor.ask(Ping{}, forever).value(), 1);
  actor.stop();
  wait_for_end(runtime_, actor);
  EXPECT_EQ(lines_.all(),
            (std::vector<std::string>{"it started", "it pinged", "it stopped: normal"}));
}

TEST_F(LifecycleTest, StartedThatThrowsFailsTheActorAndWhatWaitsIsTold) {
  const auto actor = runtime_.spawn<Hooked>(
      lines_, "it", Hooked::Hooks{[](Context&) { throw std::runtime_error("no config"); }, {}});
  const auto answer = actor.ask(Ping{}, forever);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::disconnected) << answer.error().what();
  EXPECT_NE(std::string{answer.error().what()}.find("no config"), std::string::npos);
  wait_for_end(runtime_, actor);
  EXPECT_EQ(lines_.all(), (std::vector<std::string>{"it started", "it stopped: no config"}));
}

TEST_F(LifecycleTest, StoppedLearnsTheReason) {
  const auto actor = runtime_.spawn<Hooked>(lines_, "it");
  actor.send(Fail{"bad input"});
  wait_for_end(runtime_, actor);
  EXPECT_EQ(lines_.all().back(), "it stopped: bad input");
}

TEST_F(LifecycleTest, StoppedThatThrowsIsLoggedAndChangesNoReason) {
  Recorded<Down> downs;
  const auto observer = runtime_.spawn<Observer>(downs);
  const auto actor = runtime_.spawn<Hooked>(
      lines_, "it", Hooked::Hooks{{}, [](Context&) { throw std::runtime_error("disk full"); }});
  have(observer, [actor](Context& context) { context.monitor(actor); });
  actor.stop();
  EXPECT_TRUE(downs.wait_for(1)[0].reason.ok());
  const auto lines = log_.all();
  EXPECT_TRUE(std::ranges::any_of(
      lines, [](const std::string& line) { return line.find("disk full") != std::string::npos; }));
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(LifecycleTest, ContextStopLetsTheHandlerFinishAndTellsWhoAsked) {
  const auto actor = runtime_.spawn<Hooked>(lines_, "it");
  block(actor);
  actor.send(Do{[this](Context& context) {
    context.stop();
    lines_.add("still here");
  }});
  auto late = actor.ask_async(Ping{}, forever);
  actor.send(Ping{});
  release_->count_down();
  const auto answer = late.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::closed) << answer.error().what();
  EXPECT_EQ(answer.error().effect(), Effect::none);
  wait_for_end(runtime_, actor);
  EXPECT_EQ(lines_.all(),
            (std::vector<std::string>{"it started", "still here", "it stopped: normal"}));
  EXPECT_EQ(dropped(), 2);
}

TEST_F(LifecycleTest, ContextFailEndsItAsFailedAndTellsWhoAsked) {
  Recorded<Down> downs;
  const auto observer = runtime_.spawn<Observer>(downs);
  const auto actor = runtime_.spawn<Hooked>(lines_, "it");
  have(observer, [actor](Context& context) { context.monitor(actor); });
  block(actor);
  actor.send(Do{[](Context& context) { context.fail("no disk"); }});
  auto late = actor.ask_async(Ping{}, forever);
  release_->count_down();
  const auto answer = late.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::disconnected);
  EXPECT_NE(std::string{answer.error().what()}.find("no disk"), std::string::npos)
      << answer.error().what();
  const auto down = downs.wait_for(1)[0];
  EXPECT_EQ(down.reason.kind, Exit::Kind::failed);
  EXPECT_EQ(down.reason.what, "no disk");
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(LifecycleTest, HandlerThatThrowsAfterItStoppedHasFailed) {
  Recorded<Down> downs;
  const auto observer = runtime_.spawn<Observer>(downs);
  const auto actor = runtime_.spawn<Hooked>(lines_, "it");
  have(observer, [actor](Context& context) { context.monitor(actor); });
  actor.send(Do{[](Context& context) {
    context.stop();
    throw std::runtime_error("and yet");
  }});
  EXPECT_EQ(downs.wait_for(1)[0].reason.what, "and yet");
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(LifecycleTest, RefStopComesBetweenMessages) {
  const auto actor = runtime_.spawn<Hooked>(lines_, "it");
  block(actor);
  auto first = actor.ask_async(Ping{}, forever);
  for (int i = 0; i < 3; ++i) {
    actor.send(Ping{});
  }
  auto last = actor.ask_async(Ping{}, forever);
  actor.stop();
  release_->count_down();
  EXPECT_EQ(first.get().error(), Code::closed);
  EXPECT_EQ(last.get().error(), Code::closed);
  wait_for_end(runtime_, actor);
  EXPECT_EQ(lines_.all(), (std::vector<std::string>{"it started", "it stopped: normal"}));
  EXPECT_EQ(dropped(), 5);
  const Sent sent = actor.send(Ping{});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.code(), Code::closed);
  EXPECT_EQ(dropped(), 6);
}

TEST_F(LifecycleTest, StopTokenTellsAHandlerThatItsActorIsToEnd) {
  const auto actor = runtime_.spawn<Hooked>(lines_, "it");
  const auto entered = std::make_shared<std::latch>(1);
  actor.send(Do{[entered](Context& context) {
    const auto told = std::make_shared<std::latch>(1);
    const std::stop_callback tell{context.stop_token(), [told] { told->count_down(); }};
    entered->count_down();
    told->wait();
  }});
  entered->wait();
  actor.stop();
  wait_for_end(runtime_, actor);
}

TEST_F(LifecycleTest, ChildrenAndGrandchildrenEndWithTheirParent) {
  const auto parent = runtime_.spawn<Hooked>(lines_, "parent");
  have(parent, [this](Context& context) {
    context.spawn<Hooked>(
        lines_, "child",
        Hooked::Hooks{[this](Context& its) { its.spawn<Hooked>(lines_, "grandchild"); }, {}});
  });
  lines_.wait_for(3);  // all have started
  parent.send(Fail{"bad input"});
  const auto lines = lines_.wait_for(6);
  EXPECT_EQ(lines[3], "parent stopped: bad input");
  EXPECT_EQ(lines[4], "child stopped: normal");
  EXPECT_EQ(lines[5], "grandchild stopped: normal");
}

TEST_F(LifecycleTest, ChildrenThatAreSpawnedWhileEndingEndToo) {
  Recorded<Down> downs;
  const auto observer = runtime_.spawn<Observer>(downs);
  const auto spawn_child = [&, this](Context& context) {
    const auto child = context.spawn<Hooked>(lines_, "child");
    observer.send(Do{[child](Context& its) { its.monitor(child); }});
  };
  const auto parent = runtime_.spawn<Hooked>(lines_, "parent", Hooked::Hooks{{}, spawn_child});
  have(parent, [&](Context& context) {
    context.stop();
    spawn_child(context);
  });
  EXPECT_EQ(downs.wait_for(2).size(), 2U);
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(LifecycleTest, ManyChildrenThatEndedAreNotKept) {
  const auto parent = runtime_.spawn<Hooked>(lines_, "parent");
  Recorded<Down> downs;
  const auto observer = runtime_.spawn<Observer>(downs);
  for (std::size_t i = 1; i <= 100; ++i) {
    have(parent, [&](Context& context) {
      const auto child = context.spawn<Subject>();
      child.stop();
      observer.send(Do{[child](Context& its) { its.monitor(child); }});
    });
    downs.wait_for(i);
  }
  parent.stop();
  wait_for_end(runtime_, parent);
  EXPECT_TRUE(runtime_.stop().clean());
}

TEST_F(LifecycleTest, StatsTellWhatAnActorDoes) {
  const auto parent = runtime_.spawn_with<Hooked>({.name = "parent"}, lines_, "parent");
  Ref<Hooked> child;
  have(parent, [&](Context& context) { child = context.spawn<Hooked>(lines_, "child"); });
  block(child);
  child.send(Ping{});
  const auto of = [&](ActorId id) {
    const auto actors = runtime_.stats().actors;
    const auto found = std::ranges::find(actors, id, &ActorStats::id);
    return found != actors.end() ? *found : ActorStats{};
  };
  const ActorStats its = of(child.id());
  EXPECT_EQ(its.parent, parent.id());
  EXPECT_EQ(its.type, "Hooked");
  EXPECT_EQ(its.state, "running");
  EXPECT_EQ(its.handler, "Block");
  EXPECT_EQ(its.mailbox, 1U);
  EXPECT_EQ(its.restarts, 0U);
  release_->count_down();
  child.ask(Ping{}, forever).value();
  EXPECT_EQ(of(child.id()).handled, 3U);
  EXPECT_EQ(of(parent.id()).name, "parent");
  EXPECT_TRUE(runtime_.stop().clean());
  EXPECT_EQ(of(child.id()).type, "");
  EXPECT_EQ(runtime_.stats().gauges.at("troupe_actors"), 0);
}

// Its thread and its place serve others afterwards.
TEST_F(LifecycleTest, ActorsWithThreadsOfTheirOwnComeAndGo) {
  for (int i = 0; i < 20; ++i) {
    const auto actor = runtime_.spawn_with<Hooked>({.placement = Placement::thread}, lines_, "it");
    std::thread::id first;
    std::thread::id second;
    have(actor, [&](Context&) { first = std::this_thread::get_id(); });
    have(actor, [&](Context&) { second = std::this_thread::get_id(); });
    EXPECT_EQ(first, second);
    actor.stop();
    wait_for_end(runtime_, actor);
    EXPECT_EQ(runtime_.spawn<Subject>().ask(Ping{}, forever).value(), 1);
  }
}

// Such an actor has neither messages nor a started(), so no worker has seen it.
struct Unseen {
  std::shared_ptr<int> token;
  void handle(Ping /*ping*/) {}
};

TEST(UnseenActorTest, OneThatNeverHadAMessageIsDestroyedWithItsRuntime) {
  auto token = std::make_shared<int>(1);
  const std::weak_ptr<int> object = token;
  {
    Runtime runtime{with_workers(1)};
    (void)runtime.spawn<Unseen>(std::move(token));
    EXPECT_FALSE(object.expired());
  }
  EXPECT_TRUE(object.expired());
}

}  // namespace
}  // namespace troupe::actor_test
