// SPDX-License-Identifier: Apache-2.0
// A runtime that has no threads: the program's own loop drives it.
#include "actor/subjects.hpp"
#include "harness/raw_fd.hpp"
#include "troupe/runtime/fiber/park.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <latch>
#include <thread>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

struct Later {};
using Api = Protocol<void(Ping)>;

class Driven final {
 public:
  explicit Driven(Recorded<int>& ticks) : ticks_(ticks) {}
  int handle(Ping /*ping*/) {
    ticks_.add(static_cast<int>(ticks_.size()));
    return 1;
  }
  struct With {
    std::function<void(Driven& self, Context& context)> what;
  };
  void handle(const With& act, Context& context) { act.what(*this, context); }
  Promise<int> handle(Later /*later*/) { return promise; }

  Promise<int> promise{};

 private:
  Recorded<int>& ticks_;
};

class DrivenTest : public testing::Test {
 protected:
  // What a program's loop does, until there is so much.
  void loop_until(std::size_t ticks) {
    const int fd = runtime_.fd();
    while (ticks_.size() < ticks) {
      harness::wait_readable(fd);
      runtime_.poll_once();
    }
  }

  Recorded<int> ticks_;
  Runtime runtime_{[] {
    RuntimeOptions options;
    options.own_threads = false;
    return options;
  }()};
  Ref<Driven> actor_ = runtime_.spawn<Driven>(ticks_);
};

TEST_F(DrivenTest, NothingRunsUntilItIsPolled) {
  actor_.send(Ping{});
  EXPECT_EQ(ticks_.size(), 0U);
  EXPECT_GT(runtime_.poll_once(), 0U);
  EXPECT_EQ(ticks_.size(), 1U);
  EXPECT_EQ(runtime_.poll_once(), 0U);
}

TEST_F(DrivenTest, DescriptorIsReadableWhileThereIsSomethingToDo) {
  const int fd = runtime_.fd();
  runtime_.poll_once();
  EXPECT_FALSE(harness::is_readable(fd));
  actor_.send(Ping{});
  EXPECT_TRUE(harness::is_readable(fd));
  runtime_.poll_once();
  EXPECT_FALSE(harness::is_readable(fd));
}

TEST_F(DrivenTest, LoopRunsTimers) {
  actor_.send(
      Driven::With{[](Driven& self, Context& context) { context.every(self, 200us, Ping{}); }});
  loop_until(20);
}

TEST_F(DrivenTest, LoopRunsWhatOtherThreadsSend) {
  std::jthread sender{[ref = actor_] {
    for (int i = 0; i < 10'000; ++i) {
      ASSERT_TRUE(ref.send(Ping{}, forever));
    }
  }};
  loop_until(10'000);
}

TEST_F(DrivenTest, LoopRunsFibersThatWait) {
  auto [reader, writer] = harness::raw_pipe();
  actor_.send(Driven::With{[this, fd = reader.get()](Driven&, Context& context) {
    EXPECT_TRUE(context.sleep(1ms));
    EXPECT_TRUE(park(runtime_, transports::Readiness{fd, POLLIN}, forever));
    ticks_.add(1);
  }});
  std::jthread other{[fd = writer.get()] { harness::write_raw(fd, "x"); }};
  loop_until(1);
}

TEST_F(DrivenTest, AskFromTheDrivingThreadDrives) {
  EXPECT_EQ(actor_.ask(Ping{}, forever).value(), 1);
  EXPECT_EQ(actor_.ask_async(Ping{}, forever).get().value(), 1);
}

TEST_F(DrivenTest, AskThatTakesTimeDrivesTimersMeanwhile) {
  actor_
      .ask(Driven::With{[](Driven&, Context& context) { EXPECT_TRUE(context.sleep(2ms)); }},
           forever)
      .value();
}

TEST_F(DrivenTest, AskOfTheDrivingThreadTimesOut) {
  EXPECT_EQ(actor_.ask(Later{}, 1ms).error(), Code::timed_out);
}

// Nothing else wakes the thread, which sleeps.
TEST_F(DrivenTest, AnswerOfAnotherThreadEndsTheAsk) {
  Promise<int> promise;
  actor_.ask(Driven::With{[&](Driven& self, Context&) { promise = self.promise; }}, forever)
      .value();
  std::latch asked{1};
  std::jthread other{[&] {
    asked.wait();
    std::this_thread::sleep_for(5ms);  // mostly it is asleep by then; right in any case
    promise.set(7);
  }};
  asked.count_down();
  EXPECT_EQ(actor_.ask(Later{}, forever).value(), 7);
}

TEST_F(DrivenTest, MessageOfAnotherThreadEndsTheReceive) {
  Inbox<Api> inbox{runtime_};
  std::jthread other{[ref = inbox.ref()] {
    std::this_thread::sleep_for(5ms);  // as above
    EXPECT_TRUE(ref.send(Ping{}));
  }};
  EXPECT_TRUE(inbox.receive([](Ping) {}));
}

TEST_F(DrivenTest, StopOfAnotherThreadEndsTheAsk) {
  std::jthread other{[this] {
    std::this_thread::sleep_for(5ms);  // as above
    runtime_.request_stop();
  }};
  EXPECT_EQ(actor_.ask(Later{}, forever).error(), Code::cancelled);
}

TEST_F(DrivenTest, BlockingCallsRunOnTheDrivingThread) {
  EXPECT_EQ(runtime_.blocking([] { return std::this_thread::get_id(); }),
            std::this_thread::get_id());
  actor_
      .ask(Driven::With{[](Driven&, Context& context) {
             EXPECT_EQ(context.blocking([] { return 7; }), 7);
             EXPECT_THROW(context.blocking([] { throw std::runtime_error("no such file"); }),
                          std::runtime_error);
           }},
           forever)
      .value();
}

TEST_F(DrivenTest, StopCancelsWhatWaitsAndEndsAll) {
  Recorded<Code> codes;
  for (int i = 0; i < 100; ++i) {
    runtime_.spawn<Driven>(ticks_).send(Driven::With{[&](Driven&, Context& context) {
      const auto slept = context.sleep(24h);
      codes.add(slept ? Code::failed : slept.error().code());
    }});
  }
  runtime_.poll_once();
  EXPECT_EQ(codes.size(), 0U);
  EXPECT_TRUE(runtime_.stop(forever).clean());
  EXPECT_EQ(codes.all(), std::vector(100, Code::cancelled));
}

TEST_F(DrivenTest, RuntimeEndsWithActorsThatNeverRan) {
  for (int i = 0; i < 10; ++i) {
    runtime_.spawn<Driven>(ticks_).send(Ping{});
  }
}

}  // namespace
}  // namespace troupe::actor_test
