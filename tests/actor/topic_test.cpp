// SPDX-License-Identifier: Apache-2.0
// Topics and their streams, on threads.
#include "troupe/runtime/actor/topic.hpp"

#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

bool readable(int fd) {
  pollfd item{fd, POLLIN, 0};
  return ::poll(&item, 1, 0) == 1;
}

class TopicTest : public testing::Test {
 protected:
  Topic<int> lossy(std::size_t capacity) {
    return Topic<int>{runtime_, SlowReader::lossy, {.capacity = capacity}};
  }
  Topic<int> gated(std::size_t capacity) {
    return Topic<int>{runtime_, SlowReader::gated, {.capacity = capacity}};
  }

  Runtime runtime_{RuntimeOptions{.workers = 1}};
};

TEST_F(TopicTest, AStreamSeesWhatIsPublishedFromThenOn) {
  Topic<int> topic{runtime_};
  ASSERT_TRUE(topic.publish(1));
  Stream<int> early = topic.subscribe();
  ASSERT_TRUE(topic.publish(2));
  Stream<int> late = topic.subscribe();
  ASSERT_TRUE(topic.publish(3));
  EXPECT_EQ(early.next().value(), 2);
  EXPECT_EQ(early.next().value(), 3);
  EXPECT_EQ(late.next().value(), 3);
  EXPECT_EQ(early.next(0s).error(), Code::timed_out);
  EXPECT_FALSE(late.try_next());
}

TEST_F(TopicTest, AReaderThatWaitsIsWokenByWhatIsPublished) {
  Topic<int> topic{runtime_};
  Stream<int> stream = topic.subscribe();
  std::latch asked{1};
  std::jthread reader{[&] {
    asked.count_down();
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(stream.next().value(), i);
    }
  }};
  asked.wait();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(topic.publish(i));
  }
}

TEST_F(TopicTest, ALossyReaderIsToldOnceHowManyItMissedAndGoesOn) {
  Topic<int> topic = lossy(3);
  Stream<int> stream = topic.subscribe();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(topic.publish(i));  // never waits
  }
  const auto missed = stream.next();
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error(), Code::overloaded);
  EXPECT_NE(std::string{missed.error().what()}.find("missed 7 messages"), std::string::npos);
  EXPECT_EQ(stream.next().value(), 7);
  ASSERT_TRUE(topic.publish(10));
  EXPECT_EQ(stream.next().value(), 8);
  EXPECT_EQ(stream.next().value(), 9);
  EXPECT_EQ(stream.next().value(), 10);
  EXPECT_EQ(stream.next(0s).error(), Code::timed_out);
}

TEST_F(TopicTest, AGatedPublishWithoutRoomNamesTheReaderAndReachesNobody) {
  Topic<std::string> topic{runtime_, SlowReader::gated, {.capacity = 1}};
  Stream<std::string> fast = topic.subscribe();
  Stream<std::string> slow = topic.subscribe();
  ASSERT_TRUE(topic.publish("first"));
  EXPECT_EQ(fast.next().value(), "first");

  std::string second = "a second one, too long for its own place";
  const auto published = topic.publish(std::move(second), 1ms);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error(), Code::timed_out);
  EXPECT_NE(std::string{published.error().what()}.find("stream 2"), std::string::npos)
      << published.error().what();
  EXPECT_EQ(second, "a second one, too long for its own place");
  EXPECT_EQ(fast.next(0s).error(), Code::timed_out);

  EXPECT_EQ(slow.next().value(), "first");
  ASSERT_TRUE(topic.publish(std::move(second), 0s));
  EXPECT_EQ(fast.next().value(), slow.next().value());
}

TEST_F(TopicTest, AGatedPublisherGoesOnWhenTheSlowestReaderHasRoom) {
  Topic<int> topic = gated(2);
  Stream<int> first = topic.subscribe();
  Stream<int> second = topic.subscribe();
  std::jthread publisher{[&] {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_TRUE(topic.publish(i));
    }
  }};
  std::jthread reader{[&] {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(first.next().value(), i);
    }
  }};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(second.next().value(), i);
  }
}

TEST_F(TopicTest, AStreamThatIsDroppedHoldsNoPublisher) {
  Topic<int> topic = gated(1);
  auto stream = std::make_unique<Stream<int>>(topic.subscribe());
  ASSERT_TRUE(topic.publish(1));
  std::latch asked{1};
  std::jthread publisher{[&] {
    asked.count_down();
    EXPECT_TRUE(topic.publish(2));
  }};
  asked.wait();
  stream.reset();
  publisher.join();
  EXPECT_TRUE(topic.publish(3, 0s));
}

TEST_F(TopicTest, WhenTheLastHandleGoesAStreamDrainsAndIsClosed) {
  auto topic = std::make_unique<Topic<int>>(lossy(8));
  auto copy = std::make_unique<Topic<int>>(*topic);
  Stream<int> stream = topic->subscribe();
  ASSERT_TRUE(topic->publish(1));
  topic.reset();
  ASSERT_TRUE(copy->publish(2));
  copy.reset();
  EXPECT_EQ(stream.next().value(), 1);
  EXPECT_EQ(stream.next().value(), 2);
  EXPECT_EQ(stream.next().error(), Code::closed);
  EXPECT_EQ(stream.next().error(), Code::closed);
}

TEST_F(TopicTest, AReaderThatWaitsLearnsOfTheEnd) {
  auto topic = std::make_unique<Topic<int>>(runtime_);
  Stream<int> stream = topic->subscribe();
  std::latch asked{1};
  std::jthread reader{[&] {
    asked.count_down();
    EXPECT_EQ(stream.next().error(), Code::closed);
  }};
  asked.wait();
  topic.reset();
}

TEST_F(TopicTest, ALoopOverAStreamShowsErrorsAndEndsAtItsEnd) {
  auto topic = std::make_unique<Topic<int>>(lossy(2));
  Stream<int> stream = topic->subscribe();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(topic->publish(i));
  }
  topic.reset();
  std::vector<std::string> seen;
  for (Result<int>& item : stream) {
    seen.push_back(item ? std::to_string(*item) : std::string{name_of(item.error().code())});
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"overloaded", "1", "2"}));
}

TEST_F(TopicTest, AWaitThatTheStopOfTheRuntimeCutsShortIsCancelledAndEndsALoop) {
  Topic<int> topic{runtime_};
  Stream<int> stream = topic.subscribe();
  std::latch asked{1};
  std::jthread reader{[&] {
    asked.count_down();
    int count = 0;
    for (Result<int>& item : stream) {
      EXPECT_EQ(item.error(), Code::cancelled);
      ++count;
    }
    EXPECT_EQ(count, 1);
  }};
  asked.wait();
  runtime_.request_stop();
}

TEST_F(TopicTest, AGatedPublisherIsCancelledByTheStopOfTheRuntime) {
  Topic<int> topic = gated(1);
  Stream<int> stream = topic.subscribe();
  ASSERT_TRUE(topic.publish(1));
  std::latch asked{1};
  std::jthread publisher{[&] {
    asked.count_down();
    EXPECT_EQ(topic.publish(2).error(), Code::cancelled);
  }};
  asked.wait();
  runtime_.request_stop();
}

TEST_F(TopicTest, EmptyHandlesAreClosed) {
  const Topic<int> topic;
  EXPECT_FALSE(topic);
  EXPECT_EQ(topic.publish(1).error(), Code::closed);
  Stream<int> stream = topic.subscribe();
  EXPECT_EQ(stream.next().error(), Code::closed);
  EXPECT_EQ(stream.try_next()->error(), Code::closed);
  EXPECT_THROW((void)stream.ready_fd(), Error);
  EXPECT_EQ(stream.begin(), stream.end());
}

TEST_F(TopicTest, ATopicWithoutCapacityIsRefused) {
  EXPECT_THROW((Topic<int>{runtime_, SlowReader::lossy, {.capacity = 0}}), Error);
}

struct Copied {
  std::shared_ptr<int> copies = std::make_shared<int>(0);

  Copied() = default;
  Copied(const Copied& other) : copies(other.copies) { ++*copies; }
  Copied(Copied&& other) noexcept = default;
  Copied& operator=(const Copied&) = delete;
  Copied& operator=(Copied&&) = delete;
  ~Copied() = default;
};

TEST_F(TopicTest, AMessageIsCopiedOnceForEachReaderAndForNobodyElse) {
  Topic<Copied> topic{runtime_};
  Stream<Copied> first = topic.subscribe();
  Stream<Copied> second = topic.subscribe();
  Stream<Copied> third = topic.subscribe();
  Copied message;
  const auto copies = message.copies;
  ASSERT_TRUE(topic.publish(std::move(message)));
  EXPECT_EQ(*copies, 0);
  EXPECT_TRUE(first.next());
  EXPECT_TRUE(second.next());
  EXPECT_EQ(*copies, 2);
  third = {};
  EXPECT_EQ(*copies, 2);
  EXPECT_EQ(copies.use_count(), 1);  // nobody holds the message any more
}

TEST_F(TopicTest, AStreamsDescriptorIsReadableExactlyWhileThereIsSomething) {
  auto topic = std::make_unique<Topic<int>>(lossy(2));
  Stream<int> stream = topic->subscribe();
  const int fd = stream.ready_fd();
  EXPECT_FALSE(readable(fd));
  ASSERT_TRUE(topic->publish(1));
  ASSERT_TRUE(topic->publish(2));
  EXPECT_TRUE(readable(fd));
  EXPECT_TRUE(stream.next());
  EXPECT_TRUE(readable(fd));
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(readable(fd));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(topic->publish(i));
  }
  EXPECT_FALSE(stream.next());  // missed
  EXPECT_TRUE(readable(fd));
  EXPECT_TRUE(stream.next());
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(readable(fd));
  topic.reset();
  EXPECT_TRUE(readable(fd));
  EXPECT_EQ(stream.next().error(), Code::closed);
  EXPECT_TRUE(readable(fd));
}

TEST_F(TopicTest, AStreamMadeReadableBeforeItsDescriptorWasAskedForIsReadable) {
  Topic<int> topic{runtime_};
  Stream<int> stream = topic.subscribe();
  ASSERT_TRUE(topic.publish(1));
  EXPECT_TRUE(readable(stream.ready_fd()));
}

}  // namespace
}  // namespace troupe
