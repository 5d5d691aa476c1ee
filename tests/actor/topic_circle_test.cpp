// SPDX-License-Identifier: Apache-2.0
// A wait on the full stream of a gated topic is a wait for who reads it: a circle is refused and
// named, and no wait in a handler is without end. One worker; asks have ten minutes.
#include "actor/support.hpp"
#include "troupe/runtime/actor/topic.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

constexpr int kCapacity = 2;

struct Tick {
  int number = 0;
};
struct Publish {
  int count = 0;
};
struct Count {};

class Publisher final {
 public:
  explicit Publisher(Topic<Tick> topic) : topic_(std::move(topic)) {}

  Result<void> handle(Publish publish) {
    for (int i = 0; i < publish.count; ++i) {
      if (auto published = topic_.publish({i}); !published) {
        return published;
      }
      ++count_;
    }
    return {};
  }
  int handle(Count /*count*/) const { return count_; }

 private:
  Topic<Tick> topic_;
  int count_ = 0;
};

struct Take {};
struct AskToPublish {
  int count = 0;
};
struct TakeAndAsk {};

// Reads a stream, and asks the publisher.
class Reader final {
 public:
  Reader(Topic<Tick> topic, Ref<Publisher> publisher)
      : stream_(topic.subscribe()), publisher_(publisher) {}
  Reader(Stream<Tick> stream, Ref<Publisher> publisher)
      : stream_(std::move(stream)), publisher_(publisher) {}

  int handle(Take /*take*/) { return stream_.next().value().number; }
  Result<void> handle(AskToPublish ask) { return publisher_.ask(Publish{ask.count}); }
  Result<int> handle(TakeAndAsk /*both*/) {
    (void)stream_.next().value();
    return publisher_.ask(Count{});
  }

 private:
  Stream<Tick> stream_;
  Ref<Publisher> publisher_;
};

class TopicCircleTest : public testing::Test {
 protected:
  Runtime runtime_{workers(1)};
  Topic<Tick> topic_{runtime_, SlowReader::gated, {.capacity = kCapacity}};
  Ref<Publisher> publisher_ = runtime_.spawn<Publisher>(topic_);
};

void expect_circle(const Result<void>& result, const std::string& circle) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), Code::refused);
  const std::string what = result.error().what();
  EXPECT_NE(what.find(circle), std::string::npos) << what;
}

TEST_F(TopicCircleTest, APublisherThatItsReaderWaitsForIsRefusedAndTheCircleNamed) {
  ActorOptions named;
  named.name = "the reader";
  const auto reader = runtime_.spawn_with<Reader>(named, topic_, publisher_);
  // The stream is made in its constructor, by the test's thread; it is the actor that reads it.
  ASSERT_TRUE(topic_.publish({7}));
  ASSERT_EQ(reader.ask(Take{}).value(), 7);
  expect_circle(reader.ask(AskToPublish{kCapacity + 1}),
                "waits for Reader \"the reader\", which waits for Publisher");
  EXPECT_EQ(publisher_.ask(Count{}).value(), kCapacity);
}

TEST_F(TopicCircleTest, AReaderThatAsksThePublisherWhoWaitsForItIsRefused) {
  const auto reader = runtime_.spawn<Reader>(topic_, publisher_);
  ASSERT_TRUE(topic_.publish({7}));
  ASSERT_EQ(reader.ask(Take{}).value(), 7);
  auto published = publisher_.ask_async(Publish{kCapacity + 1});
  wait_until_it_waits(runtime_, publisher_);
  EXPECT_EQ(stats_of(runtime_, publisher_).waits_for, "Reader " + reader.id().text());
  expect_circle(reader.ask(AskToPublish{1}), "waits for Publisher");
  EXPECT_EQ(reader.ask(Take{}).value(), 0);
  EXPECT_TRUE(published.get());
}

// The publisher has been let in, and has not run since.
TEST_F(TopicCircleTest, AReaderThatHasMadeRoomMayAskThePublisher) {
  const auto reader = runtime_.spawn<Reader>(topic_, publisher_);
  ASSERT_TRUE(topic_.publish({7}));
  ASSERT_EQ(reader.ask(Take{}).value(), 7);
  auto published = publisher_.ask_async(Publish{kCapacity + 1});
  wait_until_it_waits(runtime_, publisher_);
  EXPECT_EQ(reader.ask(TakeAndAsk{}).value(), kCapacity + 1);
  EXPECT_TRUE(published.get());
}

TEST_F(TopicCircleTest, WhoReadsItsOwnTopicDoesNotWaitForItself) {
  class Own final {
   public:
    explicit Own(Topic<Tick> topic) : topic_(std::move(topic)) {}
    Result<void> handle(Publish publish) {
      const Stream<Tick> own = topic_.subscribe();
      for (int i = 0; i < publish.count; ++i) {
        if (auto published = topic_.publish({i}); !published) {
          return published;
        }
      }
      return {};
    }

   private:
    Topic<Tick> topic_;
  };
  const Topic<Tick> alone{runtime_, SlowReader::gated, {.capacity = kCapacity}};
  expect_circle(runtime_.spawn<Own>(alone).ask(Publish{kCapacity + 1}), "waits for itself");
}

TEST_F(TopicCircleTest, APublisherThatWaitsForAThreadsStreamIsInNoCircle) {
  Stream<Tick> stream = topic_.subscribe();
  auto published = publisher_.ask_async(Publish{kCapacity + 1});
  while (stats_of(runtime_, publisher_).state != "waiting") {
    std::this_thread::yield();
  }
  EXPECT_EQ(stats_of(runtime_, publisher_).waits_for, "");
  EXPECT_EQ(stream.next().value().number, 0);
  EXPECT_TRUE(published.get());
}

TEST_F(TopicCircleTest, AStreamThatAnotherActorGoesOnReadingIsWaitedForThere) {
  Stream<Tick> stream = topic_.subscribe();
  ASSERT_TRUE(topic_.publish({7}));
  auto published = publisher_.ask_async(Publish{kCapacity + 1});
  wait_until_it_waits(runtime_, publisher_);
  const auto reader = runtime_.spawn<Reader>(std::move(stream), publisher_);
  EXPECT_EQ(reader.ask(Take{}).value(), 7);
  wait_until([&] { return stats_of(runtime_, publisher_).waits_for.starts_with("Reader"); });
  EXPECT_EQ(reader.ask(Take{}).value(), 0);
  EXPECT_TRUE(published.get());
}

// In what no ask has caused.
TEST(TopicDeadlineTest, APublishWithoutADeadlineInAHandlerHasThatOfAnAsk) {
  class Sender final {
   public:
    Sender(Topic<Tick> topic, std::optional<Code>& code) : topic_(std::move(topic)), code_(code) {}
    void handle(Tick tick) {
      if (const auto published = topic_.publish(tick); !published) {
        code_ = published.error().code();
      }
    }
    std::optional<Code> handle(Count /*count*/) { return code_; }

   private:
    Topic<Tick> topic_;
    std::optional<Code>& code_;
  };
  RuntimeOptions options;
  options.workers = 1;
  options.ask_timeout = 20ms;
  std::optional<Code> code;
  Runtime runtime{options};
  const Topic<Tick> topic{runtime, SlowReader::gated, {.capacity = 1}};
  const Stream<Tick> unread = topic.subscribe();
  const auto sender = runtime.spawn<Sender>(topic, code);
  sender.send(Tick{1});
  sender.send(Tick{2});
  EXPECT_EQ(sender.ask(Count{}, forever).value().value(), Code::timed_out);
}

}  // namespace
}  // namespace troupe::actor_test
