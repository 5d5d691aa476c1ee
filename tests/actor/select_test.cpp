// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/select.hpp"

#include "troupe/runtime/actor/topic.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

// A source as a user would write one.
struct Bag {
  std::deque<int> items;
  UniqueFd bell;
};
template <>
struct Selectable<Bag> {
  using Item = int;
  static std::optional<Result<int>> try_take(Bag& bag) {
    if (bag.items.empty()) {
      return std::nullopt;
    }
    const int first = bag.items.front();
    bag.items.pop_front();
    return first;
  }
  static int ready_fd(Bag& bag) { return bag.bell.get(); }
};

namespace {

using namespace std::chrono_literals;

struct Ask {};
struct Feed {};

const auto never = [](const auto&...) { ADD_FAILURE() << "this case was not ready"; };

class SelectTest : public testing::Test {
 protected:
  Runtime runtime_{RuntimeOptions{.workers = 1}};
  Topic<int> topic_{runtime_};
};

TEST_F(SelectTest, TakesOneItemFromTheOneThatIsReady) {
  auto [receiver, sender] = one_way_pipe<std::string>(runtime_).value();
  Promise<int> promise;
  Future<int> future = promise.future();
  Stream<int> stream = topic_.subscribe();

  std::string text;
  ASSERT_TRUE(sender.send("hello"));
  EXPECT_TRUE(select(runtime_, on(receiver, [&](const std::string& got) { text = got; }),
                     on(future, never), on(stream, never), after(1h, never)));
  EXPECT_EQ(text, "hello");

  int number = 0;
  promise.set(17);
  EXPECT_TRUE(select(runtime_, on(receiver, never), on(future, [&](int got) { number = got; }),
                     on(stream, never), after(1h, never)));
  EXPECT_EQ(number, 17);

  ASSERT_TRUE(topic_.publish(18));
  ASSERT_TRUE(topic_.publish(19));
  EXPECT_TRUE(select(runtime_, on(receiver, never), on(stream, [&](int got) { number = got; })));
  EXPECT_EQ(number, 18);
  EXPECT_EQ(stream.next().value(), 19);
}

TEST_F(SelectTest, WaitsUntilOneIsReady) {
  auto [receiver, sender] = one_way_pipe<int>(runtime_).value();
  Stream<int> stream = topic_.subscribe();
  std::latch asked{1};
  std::jthread other{[&, to = &sender] {
    asked.wait();
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(topic_.publish(i));
      EXPECT_TRUE(to->send(i));
    }
  }};
  int from_pipe = 0;
  int from_topic = 0;
  asked.count_down();
  while (from_pipe < 100 || from_topic < 100) {
    ASSERT_TRUE(select(runtime_, on(receiver, [&](int i) { EXPECT_EQ(i, from_pipe++); }),
                       on(stream, [&](int i) { EXPECT_EQ(i, from_topic++); })));
  }
}

TEST_F(SelectTest, AfterRunsWhenNothingCameForSoLong) {
  Stream<int> stream = topic_.subscribe();
  bool late = false;
  const Instant before = Clock::system().now();
  EXPECT_TRUE(
      select(runtime_, on(stream, never), after(1h, never), after(2ms, [&] { late = true; })));
  EXPECT_TRUE(late);
  EXPECT_GE(Clock::system().now() - before, 2ms);
}

TEST_F(SelectTest, AfterNoTimeOnlyLooks) {
  Stream<int> stream = topic_.subscribe();
  int number = 0;
  bool nothing = false;
  ASSERT_TRUE(topic_.publish(1));
  const auto look = [&] {
    return select(runtime_, on(stream, [&](int got) { number = got; }),
                  after(0s, [&] { nothing = true; }));
  };
  EXPECT_TRUE(look());
  EXPECT_EQ(number, 1);
  EXPECT_FALSE(nothing);
  EXPECT_TRUE(look());
  EXPECT_TRUE(nothing);
}

TEST_F(SelectTest, AfterAloneIsASleep) {
  bool woken = false;
  EXPECT_TRUE(select(runtime_, after(1ms, [&] { woken = true; })));
  EXPECT_TRUE(woken);
}

TEST_F(SelectTest, NoneThatIsAlwaysReadyKeepsOthersFromTheirTurn) {
  Bag first;
  Bag second;
  Bag third;
  for (Bag* bag : {&first, &second, &third}) {
    bag->items.assign(1000, 0);
  }
  std::array<int, 3> turns{};
  for (int i = 0; i < 900; ++i) {
    ASSERT_TRUE(select(runtime_, on(first, [&](int) { ++turns[0]; }),
                       on(second, [&](int) { ++turns[1]; }), on(third, [&](int) { ++turns[2]; })));
  }
  for (const int each : turns) {
    EXPECT_GT(each, 150);  // of 300; less has a chance of 1 in 10^25
  }
}

TEST_F(SelectTest, TheEndOfASourceGoesToItsActionWhereThatTakesAResult) {
  auto ends = one_way_pipe<int>(runtime_).value();
  ends.sender.close();
  bool told = false;
  EXPECT_TRUE(select(
      runtime_, on(ends.receiver, [&](Result<int> got) { told = got.error() == Code::closed; })));
  EXPECT_TRUE(told);
  EXPECT_EQ(select(runtime_, on(ends.receiver, [](int) {})).error(), Code::closed);
  EXPECT_EQ(select(runtime_, on(ends.receiver, [](auto) {})).error(), Code::closed);
}

TEST_F(SelectTest, AnActionThatTakesAResultGetsItemsToo) {
  Stream<int> stream = topic_.subscribe();
  ASSERT_TRUE(topic_.publish(3));
  int number = 0;
  EXPECT_TRUE(select(runtime_, on(stream, [&](const Result<int>& got) { number = *got; })));
  EXPECT_EQ(number, 3);
}

TEST_F(SelectTest, AnEmptySourceIsClosed) {
  Stream<int> stream;
  Future<int> future;
  Process process;
  Connection connection;
  EXPECT_EQ(select(runtime_, on(stream, never)).error(), Code::closed);
  EXPECT_EQ(select(runtime_, on(future, never)).error(), Code::closed);
  EXPECT_EQ(select(runtime_, on(process, never)).error(), Code::closed);
  EXPECT_EQ(select(runtime_, on(connection, never)).error(), Code::closed);
}

TEST_F(SelectTest, WhatAFutureFailsWithIsNotTakenForItsAbsence) {
  Promise<int> promise;
  Future<int> future = promise.future();
  promise.fail(Error{Code::timed_out, "the one who answers waited in vain"});
  EXPECT_EQ(select(runtime_, on(future, never), after(1h, never)).error(), Code::timed_out);
}

TEST_F(SelectTest, AFutureOfNothingHasAnActionOfNothing) {
  Promise<void> promise;
  Future<void> future = promise.future();
  bool came = false;
  promise.set();
  EXPECT_TRUE(select(runtime_, on(future, [&] { came = true; })));
  EXPECT_TRUE(came);
}

TEST_F(SelectTest, AResultOfAnActionIsThatOfSelect) {
  Stream<int> stream = topic_.subscribe();
  ASSERT_TRUE(topic_.publish(1));
  ASSERT_TRUE(topic_.publish(2));
  const auto refuse = [](int) -> Result<void> { return Error::failed("not this one"); };
  EXPECT_EQ(select(runtime_, on(stream, refuse)).error(), Code::failed);
  EXPECT_TRUE(select(runtime_, on(stream, [](int) -> Result<void> { return {}; })));
  EXPECT_EQ(
      select(runtime_, after(0s, []() -> Result<void> { return Error::failed("late"); })).error(),
      Code::failed);
}

TEST_F(SelectTest, WhatAnActionThrowsGoesThrough) {
  Stream<int> stream = topic_.subscribe();
  ASSERT_TRUE(topic_.publish(1));
  EXPECT_THROW((void)select(runtime_, on(stream, [](int) { throw std::runtime_error{"no"}; })),
               std::runtime_error);
  EXPECT_FALSE(stream.try_next());  // it was taken
}

TEST_F(SelectTest, AConnectionGivesBytesAndAListenerItsClients) {
  auto listener = Listener::create(runtime_).value();
  auto client = connect(runtime_, listener.address()).value();
  Connection server;
  ASSERT_TRUE(select(runtime_, on(listener, [&](Connection come) { server = std::move(come); }),
                     after(1h, never)));
  ASSERT_TRUE(client.send_bytes(bytes_of("hello")));
  std::string text;
  ASSERT_TRUE(select(runtime_, on(listener, never), on(server, [&](const Bytes& got) {
                       text.assign(reinterpret_cast<const char*>(got.data()), got.size());
                     })));
  EXPECT_EQ(text, "hello");
}

TEST_F(SelectTest, AClientThatHasYetToProveTheKeyHoldsUpNoOther) {
  const ConnectOptions options{.key = AuthKey::random()};
  auto listener = Listener::create(runtime_, {}, options).value();
  const Connection silent = connect(runtime_, listener.address()).value();  // has no key
  Stream<int> stream = topic_.subscribe();
  ASSERT_TRUE(topic_.publish(1));
  ASSERT_TRUE(select(runtime_, on(listener, never), on(stream, [](int) {})));
  std::jthread other{[&] { EXPECT_TRUE(connect(runtime_, listener.address(), options)); }};
  bool came = false;
  ASSERT_TRUE(select(runtime_, on(listener, [&](Connection) { came = true; }), on(stream, never)));
  EXPECT_TRUE(came);
}

void end_with_3(Runtime& /*runtime*/, Receiver<int> go) {
  (void)go.receive();
  std::exit(3);  // NOLINT(concurrency-mt-unsafe): there is one thread
}

TEST_F(SelectTest, AProcessGivesItsEnd) {
  auto [receiver, sender] = one_way_pipe<int>(*Runtime::current()).value();
  Process process{*Runtime::current(), end_with_3, std::move(receiver)};
  bool late = false;
  EXPECT_TRUE(select(runtime_, on(process, never), after(0s, [&] { late = true; })));
  EXPECT_TRUE(late);
  ASSERT_TRUE(sender.send(1));
  int code = 0;
  EXPECT_TRUE(select(runtime_, on(process, [&](const Exit& exit) { code = exit.code; })));
  EXPECT_EQ(code, 3);
}

TEST_F(SelectTest, AUsersOwnSourceTakesPart) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  Bag bag{{}, UniqueFd{ends[0]}};
  const UniqueFd writer{ends[1]};
  Stream<int> stream = topic_.subscribe();
  std::jthread other{[&] {
    // The descriptor is readable before there is an item, which select bears with.
    EXPECT_EQ(::write(writer.get(), "x", 1), 1);
    EXPECT_TRUE(topic_.publish(5));
  }};
  EXPECT_TRUE(
      select(runtime_, on(bag, never), on(stream, [&](int five) { bag.items.push_back(five); })));
  int got = 0;
  EXPECT_TRUE(select(runtime_, on(bag, [&](int item) { got = item; }), on(stream, never)));
  EXPECT_EQ(got, 5);
}

TEST_F(SelectTest, IsCancelledWhenTheRuntimeStops) {
  Stream<int> stream = topic_.subscribe();
  std::latch asked{1};
  std::jthread other{[&] {
    asked.count_down();
    EXPECT_EQ(select(runtime_, on(stream, never), after(1h, never)).error(), Code::cancelled);
  }};
  asked.wait();
  runtime_.request_stop();
}

TEST_F(SelectTest, TheRuntimeOfTheThreadIsTakenWhereNoneIsNamed) {
  bool woken = false;
  EXPECT_TRUE(select(after(0s, [&] { woken = true; })));
  EXPECT_TRUE(woken);
  std::jthread{[] { EXPECT_EQ(select(after(0s, never)).error(), Code::invalid_argument); }};
}

// ---- in actors ---------------------------------------------------------------------------------

struct Value {
  int number = 0;
};

class Selecting {
 public:
  Selecting(Stream<int> stream, Receiver<int> receiver)
      : stream_(std::move(stream)), receiver_(std::move(receiver)) {}

  // The sum of `count` items from both.
  Result<int> handle(Value count) {
    int sum = 0;
    for (int i = 0; i < count.number; ++i) {
      if (auto selected = select(on(stream_, [&](int item) { sum += item; }),
                                 on(receiver_, [&](int item) { sum += item; }));
          !selected) {
        error_ = name_of(selected.error().code());
        return selected.error();
      }
    }
    return sum;
  }
  std::string handle(Ask) { return error_; }

 private:
  Stream<int> stream_;
  Receiver<int> receiver_;
  std::string error_;
};

class Feeding {
 public:
  Feeding(Topic<int> topic, Sender<int> sender)
      : topic_(std::move(topic)), sender_(std::move(sender)) {}
  Result<void> handle(Feed, Context& context) {
    for (int i = 0; i < 100; ++i) {
      if (auto published = topic_.publish(1); !published) {
        return published;
      }
      if (auto sent = sender_.send(100); !sent) {
        return sent;
      }
      if (i % 10 == 0) {
        (void)context.sleep(0s);
      }
    }
    return {};
  }

 private:
  Topic<int> topic_;
  Sender<int> sender_;
};

TEST_F(SelectTest, AnActorThatSelectsLetsOthersOfItsWorkerRun) {
  auto ends = one_way_pipe<int>(runtime_).value();
  const auto reader = runtime_.spawn<Selecting>(topic_.subscribe(), std::move(ends.receiver));
  const auto writer = runtime_.spawn<Feeding>(topic_, std::move(ends.sender));
  auto sum = reader.ask_async(Value{200});
  ASSERT_TRUE(writer.ask(Feed{}));
  EXPECT_EQ(sum.get().value(), 100 + 100 * 100);
}

TEST_F(SelectTest, InAHandlerItEndsWithTheDeadlineOfTheAsk) {
  auto ends = one_way_pipe<int>(runtime_).value();
  const auto reader = runtime_.spawn<Selecting>(topic_.subscribe(), std::move(ends.receiver));
  std::string seen;
  while (seen.empty()) {  // one that comes too late is not run
    EXPECT_EQ(reader.ask(Value{1}, 5ms).error(), Code::timed_out);
    seen = reader.ask(Ask{}).value();
  }
  EXPECT_EQ(seen, "timed_out");
}

}  // namespace
}  // namespace troupe
