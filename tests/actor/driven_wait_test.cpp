// SPDX-License-Identifier: Apache-2.0
// The thread that drives a runtime runs its actors while it waits for something outside of them.
#include "actor/subjects.hpp"
#include "harness/raw_fd.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/process/process.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

RuntimeOptions driven() {
  RuntimeOptions options;
  options.own_threads = false;
  return options;
}

class DrivenWaitTest : public testing::Test {
 protected:
  void run_later(std::function<void(Context& context)> what) {
    ASSERT_TRUE(actor_.send(Do{std::move(what)}));
  }

  Runtime runtime_{driven()};
  Ref<Bystander> actor_ = runtime_.spawn<Bystander>();
};

class DrivenPipeTest : public DrivenWaitTest, public testing::WithParamInterface<const char*> {};

TEST_P(DrivenPipeTest, ReceiveRunsTheActorThatSends) {
  auto [here, there] = Pipe<int>::create(runtime_, GetParam()).value();
  run_later([&its = there](Context& context) {
    EXPECT_TRUE(context.sleep(1ms));
    EXPECT_TRUE(its.send(7));
    EXPECT_EQ(its.receive().value(), 8);
    EXPECT_TRUE(its.send(9));
  });
  EXPECT_EQ(here.receive().value(), 7);
  EXPECT_TRUE(here.send(8));
  EXPECT_EQ(here.receive().value(), 9);
}

TEST_P(DrivenPipeTest, ASendThatHasToWaitRunsTheActorThatReceives) {
  auto [here, there] = Pipe<std::string>::create(runtime_, GetParam()).value();
  constexpr int kMessages = 100;
  int received = 0;
  run_later([&, &its = there](Context&) {
    for (; received < kMessages; ++received) {
      EXPECT_EQ(its.receive().value().size(), 100'000U);
    }
  });
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(here.send(std::string(100'000, 'x')));
  }
  actor_.ask(Ping{}).value();
  EXPECT_EQ(received, kMessages);
}

INSTANTIATE_TEST_SUITE_P(Transports, DrivenPipeTest,
                         testing::Values("inproc:", "pipe:", "unix:", "tcp:", "shm:"),
                         [](const auto& its) {
                           const std::string url{its.param};
                           return url.substr(0, url.size() - 1);
                         });

TEST_F(DrivenWaitTest, WaitAnyRunsActorsAndTheirTimers) {
  auto [reader, writer] = harness::raw_pipe();
  auto [here, there] = Pipe<int>::create(runtime_).value();
  run_later([&its = there](Context& context) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(context.sleep(1ms));
    }
    EXPECT_TRUE(its.send(7));
  });
  EXPECT_EQ(wait_any(runtime_, {here}).value(), std::vector<std::size_t>{0});
}

void wait_for_the_end(UniqueFd reader) {
  harness::read_to_end(reader.get());
}

TEST_F(DrivenWaitTest, JoinRunsTheActorThatEndsTheProcess) {
  auto [reader, writer] = harness::raw_pipe();
  Process process{runtime_, wait_for_the_end, std::move(reader)};
  run_later([&its = writer](Context& context) {
    EXPECT_TRUE(context.sleep(1ms));
    its = {};
  });
  EXPECT_TRUE(process.join().value().ok());
}

TEST_F(DrivenWaitTest, ParkRunsWhatAnotherThreadSends) {
  auto [reader, writer] = harness::raw_pipe();
  std::jthread other{[this, fd = writer.get()] {
    std::this_thread::sleep_for(5ms);  // mostly it is asleep by then; right in any case
    EXPECT_TRUE(actor_.send(Do{[fd](Context&) { harness::write_raw(fd, "x"); }}));
  }};
  EXPECT_TRUE(park(runtime_, transports::Readiness{reader.get(), POLLIN}, forever));
}

TEST_F(DrivenWaitTest, ParkRunsAnActorThatWaitsForTheSameDescriptor) {
  auto [here, there] = harness::raw_socket_pair();
  run_later([this, fd = there.get()](Context&) {
    EXPECT_TRUE(park(runtime_, transports::Readiness{fd, POLLIN}, forever));
    harness::write_raw(fd, "x");
  });
  std::jthread other{[fd = here.get()] { harness::write_raw(fd, "x"); }};
  EXPECT_TRUE(park(runtime_, transports::Readiness{here.get(), POLLIN}, forever));
}

// Has its actor do it again, as long as it is on.
struct Again {
  std::shared_ptr<bool> on = std::make_shared<bool>(true);
  std::shared_ptr<int> turns = std::make_shared<int>(0);
  void operator()(Context& context) const {
    ++*turns;
    if (*on) {
      context.self_as<Bystander>().send(Do{*this});
    }
  }
};

TEST_F(DrivenWaitTest, ParkEndsAtItsDeadlineThoughActorsAlwaysRun) {
  auto [reader, writer] = harness::raw_pipe();
  const Again again;
  run_later(again);
  EXPECT_EQ(park(runtime_, transports::Readiness{reader.get(), POLLIN}, 5ms).error(),
            Code::timed_out);
  EXPECT_GT(*again.turns, 0);
  *again.on = false;
}

TEST_F(DrivenWaitTest, AReceiveEndsAtItsDeadlineThoughActorsAlwaysRun) {
  Inbox<Protocol<void(Ping)>> inbox{runtime_};
  const Again again;
  run_later(again);
  bool timed_out = false;
  EXPECT_TRUE(inbox.receive([](Ping) {}, after(5ms, [&] { timed_out = true; })));
  EXPECT_TRUE(timed_out);
  EXPECT_GT(*again.turns, 0);
  *again.on = false;
}

TEST_F(DrivenWaitTest, AStopOfAnotherThreadEndsAPark) {
  auto [reader, writer] = harness::raw_pipe();
  std::jthread other{[this] { runtime_.request_stop(); }};
  EXPECT_EQ(park(runtime_, transports::Readiness{reader.get(), POLLIN}, forever).error(),
            Code::cancelled);
}

// There was no actor when the wait began.
TEST(DrivenFirstActorTest, ParkRunsTheFirstActorWhichAnotherThreadMakes) {
  Runtime runtime{driven()};
  auto [reader, writer] = harness::raw_pipe();
  std::jthread other{[&, fd = writer.get()] {
    std::this_thread::sleep_for(5ms);  // as above
    runtime.spawn<Bystander>().send(Do{[fd](Context&) { harness::write_raw(fd, "x"); }});
  }};
  EXPECT_TRUE(park(runtime, transports::Readiness{reader.get(), POLLIN}, forever));
}

TEST(DrivenFirstActorTest, AReceiveRunsTheFirstActorWhichAnotherThreadMakes) {
  Runtime runtime{driven()};
  Inbox<Protocol<void(Ping)>> inbox{runtime};
  std::jthread other{[&] {
    std::this_thread::sleep_for(5ms);  // as above
    runtime.spawn<Bystander>().send(
        Do{[ref = inbox.ref()](Context&) { EXPECT_TRUE(ref.send(Ping{})); }});
  }};
  EXPECT_TRUE(inbox.receive([](Ping) {}));
}

}  // namespace
}  // namespace troupe::actor_test
