// SPDX-License-Identifier: Apache-2.0
// Topics whose readers and publishers are actors, on one worker: a wait that blocked it would hang.
#include "troupe/runtime/actor/topic.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

struct Tick {
  int number = 0;
};
struct Fetch {};
struct Hold {
  std::shared_ptr<std::latch> held;
  std::shared_ptr<std::latch> release;
};
struct Read {};
struct PublishAll {
  int count = 0;
};

using Ticks = std::vector<int>;

// Remembers; holds its worker when told so.
class Listening {
 public:
  using Accepts = Protocol<void(Tick), Ticks(Fetch), void(Hold)>;

  void handle(Tick tick) { seen_.push_back(tick.number); }
  Ticks handle(Fetch) { return seen_; }
  void handle(Hold hold) {
    hold.held->count_down();
    hold.release->wait();
  }

 protected:
  Ticks seen_;
};

// The same, told what it missed.
class Told {
 public:
  void handle(Tick tick) { seen_.push_back(tick.number); }
  void handle(Missed missed) { seen_.push_back(-static_cast<int>(missed.count)); }
  Ticks handle(Fetch) { return seen_; }
  void handle(Hold hold) {
    hold.held->count_down();
    hold.release->wait();
  }

 private:
  Ticks seen_;
};

class Publisher {
 public:
  explicit Publisher(Topic<Tick> topic) : topic_(std::move(topic)) {}

  Result<void> handle(PublishAll all) {
    for (int i = 0; i < all.count; ++i) {
      if (auto published = topic_.publish({i}); !published) {
        return published;
      }
    }
    return {};
  }

 private:
  Topic<Tick> topic_;
};

// Publishes to a topic that is delivered to itself.
class Narcissus {
 public:
  explicit Narcissus(Topic<Tick> topic) : topic_(std::move(topic)) {}

  void handle(Tick) { ++seen_; }
  int handle(Fetch) { return seen_; }
  Result<void> handle(PublishAll all) {
    for (int i = 0; i < all.count; ++i) {
      if (auto published = topic_.publish({i}); !published) {
        return published;
      }
    }
    return {};
  }

 private:
  Topic<Tick> topic_;
  int seen_ = 0;
};

class StreamReader {
 public:
  explicit StreamReader(Stream<Tick> stream) : stream_(std::move(stream)) {}

  int handle(Read) { return stream_.next().value().number; }
  Result<int> handle(Fetch) {
    auto tick = stream_.next();
    if (!tick) {
      error_ = name_of(tick.error().code());
      return tick.error();
    }
    return tick->number;
  }
  std::string handle(Hold) { return error_; }

 private:
  Stream<Tick> stream_;
  std::string error_;
};

Ticks counted(int count) {
  Ticks ticks(static_cast<std::size_t>(count));
  std::generate(ticks.begin(), ticks.end(), [n = 0]() mutable { return n++; });
  return ticks;
}

ActorOptions with_mailbox(std::size_t capacity, WhenFull when_full = WhenFull::wait) {
  return {.name = {}, .mailbox = {.capacity = capacity, .when_full = when_full}};
}

// A worker that is held by an actor until the end of the scope.
class HeldWorker final {
 public:
  template <class A>
  explicit HeldWorker(const Ref<A>& actor) {
    EXPECT_TRUE(actor.send(Hold{held_, release_}));
    held_->wait();
  }
  HeldWorker(const HeldWorker&) = delete;
  HeldWorker& operator=(const HeldWorker&) = delete;
  ~HeldWorker() { release_->count_down(); }

 private:
  const std::shared_ptr<std::latch> held_ = std::make_shared<std::latch>(1);
  const std::shared_ptr<std::latch> release_ = std::make_shared<std::latch>(1);
};

class TopicActorTest : public testing::Test {
 protected:
  Runtime runtime_{RuntimeOptions{.workers = 1}};
  Topic<Tick> lossy_{runtime_};
  Topic<Tick> gated_{runtime_, SlowReader::gated, {.capacity = 2}};
};

TEST_F(TopicActorTest, AnActorGetsWhatIsPublishedAsMessages) {
  const auto actor = runtime_.spawn<Listening>();
  lossy_.deliver_to(actor);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(lossy_.publish({i}));
  }
  EXPECT_EQ(actor.ask(Fetch{}).value(), counted(100));
}

TEST_F(TopicActorTest, AnActorIsReachedThroughAProtocol) {
  const auto actor = runtime_.spawn<Listening>();
  lossy_.deliver_to(Ref<Protocol<void(Tick)>>{actor});
  ASSERT_TRUE(lossy_.publish({0}));
  EXPECT_EQ(actor.ask(Fetch{}).value(), counted(1));
}

TEST_F(TopicActorTest, AnInboxIsDeliveredTo) {
  Inbox<Protocol<void(Tick), void(Missed)>> inbox{runtime_, with_mailbox(1)};
  lossy_.deliver_to(inbox.ref());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(lossy_.publish({i}));
  }
  std::vector<int> seen;
  inbox.dispatch([&](Tick tick) { seen.push_back(tick.number); },
                 [&](Missed missed) { seen.push_back(-static_cast<int>(missed.count)); });
  EXPECT_EQ(seen, (std::vector<int>{0, -2}));
}

TEST_F(TopicActorTest, DeliveredToTwiceAnActorGetsAMessageOnce) {
  const auto actor = runtime_.spawn<Listening>();
  lossy_.deliver_to(actor);
  lossy_.deliver_to(actor);
  ASSERT_TRUE(lossy_.publish({0}));
  EXPECT_EQ(actor.ask(Fetch{}).value(), counted(1));
}

TEST_F(TopicActorTest, EmptyHandlesAreClosedToDeliveriesToo) {
  EXPECT_THROW(lossy_.deliver_to(Ref<Listening>{}), Error);
  EXPECT_THROW(Topic<Tick>{}.deliver_to(runtime_.spawn<Listening>()), Error);
}

TEST_F(TopicActorTest, AFullMailboxMissesMessagesWhichAreCounted) {
  const auto actor = runtime_.spawn_with<Listening>(with_mailbox(4));
  lossy_.deliver_to(actor);
  {
    const HeldWorker held{actor};
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(lossy_.publish({i}));
    }
  }
  EXPECT_EQ(actor.ask(Fetch{}).value(), counted(4));
  const Stats stats = runtime_.stats();
  const auto its = std::ranges::find(stats.actors, actor.id(), &ActorStats::id);
  ASSERT_NE(its, stats.actors.end());
  EXPECT_EQ(its->dropped, 6U);
}

TEST_F(TopicActorTest, AnActorThatHandlesMissedIsToldWhereTheGapIsAndHowManyItHas) {
  const auto actor = runtime_.spawn_with<Told>(with_mailbox(4));
  lossy_.deliver_to(actor);
  for (int round = 0; round < 2; ++round) {
    const HeldWorker held{actor};
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(lossy_.publish({i}));
    }
  }
  ASSERT_TRUE(actor.ask(Fetch{}));
  ASSERT_TRUE(lossy_.publish({10}));
  EXPECT_EQ(actor.ask(Fetch{}).value(), (Ticks{0, 1, 2, 3, -6, 0, 1, 2, 3, -6, 10}));
}

TEST_F(TopicActorTest, AMailboxThatDropsTheOldestDoesSoForATopicToo) {
  const auto actor = runtime_.spawn_with<Listening>(with_mailbox(3, WhenFull::drop_oldest));
  lossy_.deliver_to(actor);
  gated_.deliver_to(actor);
  Future<Ticks> seen;
  {
    const HeldWorker held{actor};
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(lossy_.publish({i}));
      ASSERT_TRUE(gated_.publish({i}, 0s));
    }
    seen = actor.ask_async(Fetch{});
  }
  EXPECT_EQ(seen.get().value(), (Ticks{2, 2}));
}

TEST_F(TopicActorTest, AGatedPublisherThatIsAnActorLetsTheReaderOfItsWorkerRun) {
  const auto reader = runtime_.spawn_with<Listening>(with_mailbox(2));
  const auto other = runtime_.spawn_with<Listening>(with_mailbox(5, WhenFull::refuse));
  gated_.deliver_to(reader);
  gated_.deliver_to(other);
  const auto publisher = runtime_.spawn<Publisher>(gated_);
  ASSERT_TRUE(publisher.ask(PublishAll{1000}));
  EXPECT_EQ(reader.ask(Fetch{}).value(), counted(1000));
  EXPECT_EQ(other.ask(Fetch{}).value(), counted(1000));
}

TEST_F(TopicActorTest, AGatedPublisherNamesTheActorThatHasNoRoom) {
  const auto reader =
      runtime_.spawn_with<Listening>({.name = "the slow one", .mailbox = {.capacity = 1}});
  gated_.deliver_to(reader);
  Stream<Tick> stream = gated_.subscribe();
  const HeldWorker held{reader};
  ASSERT_TRUE(gated_.publish({1}));
  EXPECT_TRUE(stream.next());
  const auto published = gated_.publish({2}, 1ms);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error(), Code::timed_out);
  EXPECT_NE(std::string{published.error().what()}.find("the slow one"), std::string::npos);
  EXPECT_FALSE(stream.try_next());
}

TEST_F(TopicActorTest, AnActorThatEndsHoldsNoPublisher) {
  const auto reader = runtime_.spawn_with<Listening>(with_mailbox(1));
  gated_.deliver_to(reader);
  std::jthread publisher;
  {
    const HeldWorker held{reader};
    ASSERT_TRUE(gated_.publish({1}));
    std::latch asked{1};
    publisher = std::jthread{[&] {
      asked.count_down();
      EXPECT_TRUE(gated_.publish({2}));
      EXPECT_TRUE(gated_.publish({3}));
    }};
    asked.wait();
    reader.stop();
  }
  publisher.join();
  EXPECT_TRUE(gated_.publish({4}, 0s));
}

TEST_F(TopicActorTest, AnActorThatEndedIsNoReaderAnyMore) {
  const auto reader = runtime_.spawn<Listening>();
  lossy_.deliver_to(reader);
  gated_.deliver_to(reader);
  reader.stop();
  EXPECT_FALSE(reader.ask(Fetch{}));
  EXPECT_TRUE(lossy_.publish({1}));
  EXPECT_TRUE(gated_.publish({1}, 0s));
}

TEST_F(TopicActorTest, AnActorWhoseOwnMailboxWouldHaveToBeWaitedForIsRefused) {
  const auto narcissus = runtime_.spawn_with<Narcissus>(with_mailbox(3), gated_);
  gated_.deliver_to(narcissus);
  const auto published = narcissus.ask(PublishAll{10});
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error(), Code::refused);
}

TEST_F(TopicActorTest, OfTwoPublishersThatWaitForEachOtherOneIsRefusedAndTheOtherGoesOn) {
  const Topic<Tick> other{runtime_, SlowReader::gated, {.capacity = 2}};
  const auto a = runtime_.spawn_with<Narcissus>(with_mailbox(3), gated_);
  const auto b = runtime_.spawn_with<Narcissus>(with_mailbox(3), other);
  gated_.deliver_to(b);
  other.deliver_to(a);
  Future<void> of_a;
  Future<void> of_b;
  {
    const HeldWorker held{runtime_.spawn<Listening>()};
    of_a = a.ask_async(PublishAll{10});
    of_b = b.ask_async(PublishAll{10});
  }
  const auto ended_a = of_a.get();
  const auto ended_b = of_b.get();
  EXPECT_NE(ended_a.has_value(), ended_b.has_value());
  EXPECT_EQ((ended_a ? ended_b : ended_a).error(), Code::refused);
}

TEST_F(TopicActorTest, AnActorThatWaitsForAStreamLetsOthersRun) {
  const auto reader = runtime_.spawn<StreamReader>(gated_.subscribe());
  const auto publisher = runtime_.spawn<Publisher>(gated_);
  std::vector<Future<int>> answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(reader.ask_async(Read{}));
  }
  ASSERT_TRUE(publisher.ask(PublishAll{100}));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get().value(), i);
  }
}

TEST_F(TopicActorTest, AStreamThatGoesWithItsActorHoldsNoPublisher) {
  const auto reader = runtime_.spawn<StreamReader>(gated_.subscribe());
  const auto publisher = runtime_.spawn<Publisher>(gated_);
  auto published = publisher.ask_async(PublishAll{100});
  EXPECT_EQ(reader.ask(Read{}).value(), 0);
  reader.stop();
  EXPECT_TRUE(published.get());
}

TEST_F(TopicActorTest, InAHandlerAStreamIsNotWaitedForBeyondTheDeadlineOfTheAsk) {
  const auto reader = runtime_.spawn<StreamReader>(lossy_.subscribe());
  std::string seen;
  while (seen.empty()) {  // one that comes too late is not run
    EXPECT_EQ(reader.ask(Fetch{}, 5ms).error(), Code::timed_out);
    seen = reader.ask(Hold{}).value();
  }
  EXPECT_EQ(seen, "timed_out");
}

TEST_F(TopicActorTest, InAHandlerAGatedPublishDoesNotOutliveTheDeadlineOfTheAsk) {
  Stream<Tick> stream = gated_.subscribe();
  const auto publisher = runtime_.spawn<Publisher>(gated_);
  do {  // one that comes too late is not run
    EXPECT_EQ(publisher.ask(PublishAll{3}, 5ms).error(), Code::timed_out);
  } while (!stream.try_next());
  EXPECT_TRUE(publisher.ask(PublishAll{0}));  // it is free again
}

TEST_F(TopicActorTest, AGatedPublisherWaitsForTheBytesOfAMailboxToo) {
  struct Heavy {
    std::string text;
  };
  class Collecting {
   public:
    std::size_t handle(Fetch) { return bytes_; }
    void handle(Heavy heavy) { bytes_ += heavy.text.size(); }
    void handle(Hold hold) {
      hold.held->count_down();
      hold.release->wait();
    }

   private:
    std::size_t bytes_ = 0;
  };
  const auto reader = runtime_.spawn_with<Collecting>(
      {.name = {}, .mailbox = {.capacity = 100, .capacity_bytes = 1000}});
  const Topic<Heavy> topic{runtime_, SlowReader::gated};
  topic.deliver_to(reader);
  {
    const HeldWorker held{reader};
    ASSERT_TRUE(topic.publish({std::string(800, 'x')}, 0s));
    ASSERT_TRUE(topic.publish({std::string(800, 'x')}, 0s));
    EXPECT_EQ(topic.publish({std::string(800, 'x')}, 0s).error(), Code::timed_out);
  }
  ASSERT_TRUE(topic.publish({std::string(800, 'x')}));
  EXPECT_EQ(reader.ask(Fetch{}).value(), 2400U);
}

}  // namespace
}  // namespace troupe
