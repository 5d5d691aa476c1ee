// SPDX-License-Identifier: Apache-2.0
// Whatever waits for a descriptor suspends its actor, and the one worker there is goes on.
#include "troupe/runtime/fiber/park.hpp"

#include "actor/subjects.hpp"
#include "harness/manual_clock.hpp"
#include "harness/raw_fd.hpp"
#include "harness/sanitized.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/process/process.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <chrono>
#include <latch>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::actor_test {
namespace {

using namespace std::chrono_literals;

class ParkTest : public testing::Test {
 protected:
  // Returns once an actor has begun with it.
  void begin(std::function<void(Context& context)> what) {
    std::latch begun{1};
    runtime_.spawn<Bystander>().send(Do{[&begun, what = std::move(what)](Context& context) {
      begun.count_down();
      what(context);
    }});
    begun.wait();
  }
  // The worker is free: another actor answers, again and again.
  void others_run() {
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(other_.ask(Ping{}, forever).value(), 1);
    }
  }

  Recorded<std::string> lines_;
  Runtime runtime_{with_workers(1)};
  Ref<Bystander> other_ = runtime_.spawn<Bystander>();
};

class ParkOnPipeTest : public ParkTest, public testing::WithParamInterface<const char*> {
 protected:
  template <class T>
  std::pair<Pipe<T>, Pipe<T>> make() {
    return Pipe<T>::create(runtime_, Address{GetParam()}).value();
  }
};

TEST_P(ParkOnPipeTest, ReceiverLetsOthersRunUntilAMessageComes) {
  auto [here, there] = make<std::string>();
  begin([this, &pipe = there](Context&) {
    for (int i = 0; i < 3; ++i) {
      lines_.add(pipe.receive().value());
    }
  });
  for (const char* text : {"a", "b", "c"}) {
    others_run();
    ASSERT_TRUE(here.send(text));
  }
  EXPECT_EQ(lines_.wait_for(3), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_P(ParkOnPipeTest, SenderThatWaitsForASlowReaderLetsOthersRun) {
  constexpr int kMessages = harness::kSanitized ? 100 : 500;
  auto [here, there] = make<std::string>();
  begin([this, &pipe = there](Context&) {
    const std::string large(100'000, 'x');
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(pipe.send(large));
    }
    lines_.add("sent");
    ASSERT_TRUE(pipe.flush());
  });
  others_run();
  EXPECT_EQ(lines_.size(), 0U);
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(here.receive().value().size(), 100'000U);
  }
  others_run();
  lines_.wait_for(1);
}

TEST_P(ParkOnPipeTest, OneReceivesAndOneSendsOnTheSameEnd) {
  constexpr int kMessages = harness::kSanitized ? 50 : 200;
  auto [here, there] = make<std::string>();
  begin([this, &pipe = there](Context&) {
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(pipe.receive());
    }
    lines_.add("received");
  });
  begin([this, &pipe = there](Context&) {
    const std::string large(100'000, 'x');
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(pipe.send(large));
    }
    ASSERT_TRUE(pipe.flush());
    lines_.add("sent");
  });
  others_run();
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(here.receive());
    ASSERT_TRUE(here.send("x"));
  }
  ASSERT_TRUE(here.flush());
  lines_.wait_for(2);
}

TEST_P(ParkOnPipeTest, TwoActorsOfOneWorkerTalkToEachOther) {
  constexpr int kRounds = harness::kSanitized ? 200 : 2'000;
  auto [here, there] = make<std::string>();
  begin([this, &pipe = there](Context&) {
    for (int i = 0; i < kRounds; ++i) {
      ASSERT_TRUE(pipe.send(pipe.receive().value()));
    }
    lines_.add("echoed");
  });
  begin([this, &pipe = here](Context&) {
    for (int i = 0; i < kRounds; ++i) {
      ASSERT_TRUE(pipe.send(std::to_string(i)));
      ASSERT_EQ(pipe.receive().value(), std::to_string(i));
    }
    lines_.add("asked");
  });
  lines_.wait_for(2);
}

TEST_P(ParkOnPipeTest, DeadlineOfAReceivePasses) {
  auto [here, there] = make<std::string>();
  begin([this, &pipe = there](Context&) {
    lines_.add(pipe.receive(1ms).error() == Code::timed_out ? "timed out" : "?");
    lines_.add(pipe.receive().value());
  });
  lines_.wait_for(1);
  others_run();
  ASSERT_TRUE(here.send("late"));
  EXPECT_EQ(lines_.wait_for(2), (std::vector<std::string>{"timed out", "late"}));
}

TEST_P(ParkOnPipeTest, WaitAnyLetsOthersRun) {
  auto [here, there] = make<std::string>();
  auto [here2, there2] = make<std::string>();
  begin([this, &first = there, &second = there2](Context&) {
    for (int i = 0; i < 2; ++i) {
      const auto ready = wait_any(runtime_, {first, second}).value();
      ASSERT_EQ(ready.size(), 1U);
      lines_.add((ready[0] == 0 ? first : second).receive().value());
    }
  });
  others_run();
  ASSERT_TRUE(here2.send("second"));
  lines_.wait_for(1);
  others_run();
  ASSERT_TRUE(here.send("first"));
  EXPECT_EQ(lines_.wait_for(2), (std::vector<std::string>{"second", "first"}));
}

INSTANTIATE_TEST_SUITE_P(Transports, ParkOnPipeTest,
                         testing::Values("inproc:", "pipe:", "unix:", "tcp:", "shm:"),
                         [](const auto& its) {
                           const std::string url{its.param};
                           return url.substr(0, url.size() - 1);
                         });

TEST_F(ParkTest, ListenerAcceptsOnAFiber) {
  auto listener = Listener::create(runtime_).value();
  begin([this, &listener](Context&) {
    auto connection = listener.accept().value();
    const Bytes got = connection.receive_bytes().value();
    lines_.add(std::string{reinterpret_cast<const char*>(got.data()), got.size()});
  });
  others_run();
  auto client = connect(runtime_, listener.address()).value();
  others_run();
  ASSERT_TRUE(client.send_bytes(bytes_of("hello")));
  EXPECT_EQ(lines_.wait_for(1)[0], "hello");
}

void wait_for_the_end(UniqueFd reader) {
  harness::read_to_end(reader.get());
}

TEST_F(ParkTest, ProcessIsJoinedOnAFiber) {
  auto [reader, writer] = harness::raw_pipe();
  Process process{runtime_, wait_for_the_end, std::move(reader)};
  begin([this, &process](Context&) { lines_.add(process.join().value().ok() ? "ended" : "?"); });
  others_run();
  EXPECT_EQ(lines_.size(), 0U);
  writer = {};
  EXPECT_EQ(lines_.wait_for(1)[0], "ended");
}

TEST_F(ParkTest, SleepersLetOthersRun) {
  for (int i = 0; i < 100; ++i) {
    begin([this](Context& context) {
      EXPECT_TRUE(context.sleep(2ms));
      lines_.add("awake");
    });
  }
  others_run();
  lines_.wait_for(100);
}

TEST_F(ParkTest, ManyWaitForDescriptorsOfTheirOwn) {
  constexpr int kActors = 300;
  std::vector<std::pair<UniqueFd, UniqueFd>> pipes;
  for (int i = 0; i < kActors; ++i) {
    pipes.push_back(harness::raw_pipe());
    begin([this, i, fd = pipes.back().first.get()](Context&) {
      EXPECT_TRUE(park(runtime_, transports::Readiness{fd, POLLIN}, forever));
      lines_.add(std::to_string(i));
    });
  }
  others_run();
  for (int i = kActors; i > 0; --i) {
    harness::write_raw(pipes[static_cast<std::size_t>(i - 1)].second.get(), "x");
    const auto size = static_cast<std::size_t>(kActors - i + 1);
    EXPECT_EQ(lines_.wait_for(size).back(), std::to_string(i - 1));
  }
}

TEST_F(ParkTest, OneDescriptorWakesAllThatWaitForIt) {
  auto [reader, writer] = harness::raw_pipe();
  for (int i = 0; i < 10; ++i) {
    begin([this, fd = reader.get()](Context&) {
      EXPECT_TRUE(park(runtime_, transports::Readiness{fd, POLLIN}, forever));
      lines_.add("woken");
    });
  }
  others_run();
  harness::write_raw(writer.get(), "x");
  lines_.wait_for(10);
}

TEST_F(ParkTest, SocketIsWaitedForInBothDirectionsAtOnce) {
  auto [here, there] = harness::raw_socket_pair();
  begin([this, fd = here.get()](Context&) {
    EXPECT_TRUE(park(runtime_, transports::Readiness{fd, POLLIN}, forever));
    lines_.add("readable");
  });
  others_run();
  begin([this, fd = here.get()](Context&) {
    EXPECT_TRUE(park(runtime_, transports::Readiness{fd, POLLOUT}, forever));
    lines_.add("writable");
  });
  EXPECT_EQ(lines_.wait_for(1)[0], "writable");
  others_run();
  EXPECT_EQ(lines_.size(), 1U);
  harness::write_raw(there.get(), "x");
  EXPECT_EQ(lines_.wait_for(2)[1], "readable");
}

TEST_F(ParkTest, DescriptorThatCannotBeWaitedForIsAnError) {
  begin([this](Context&) {
    lines_.add(park(runtime_, transports::Readiness{1'000'000, POLLIN}, 10s) ? "ready" : "error");
  });
  lines_.wait_for(1);
  others_run();
}

// Each fiber has its own, though they take turns on one thread.
TEST_F(ParkTest, ExceptionsThatAreHandledAndErrnoAreKeptOverAWait) {
  constexpr int kActors = 20;
  std::vector<std::pair<UniqueFd, UniqueFd>> pipes;
  for (int i = 0; i < kActors; ++i) {
    pipes.push_back(harness::raw_pipe());
    begin([this, i, fd = pipes.back().first.get()](Context&) {
      const std::string mine = std::to_string(i);
      try {
        throw std::runtime_error(mine);
      } catch (const std::runtime_error&) {
        EXPECT_TRUE(park(runtime_, transports::Readiness{fd, POLLIN}, forever));
        errno = 1'000 + i;
        const bool timed_out = !park(runtime_, transports::Readiness{-1, POLLIN}, 1ms);
        EXPECT_TRUE(timed_out);
        try {
          throw;
        } catch (const std::runtime_error& again) {
          EXPECT_EQ(again.what(), mine);
        }
      }
      EXPECT_EQ(std::uncaught_exceptions(), 0);
      EXPECT_EQ(std::current_exception(), nullptr);
      lines_.add(mine);
    });
  }
  for (auto& pipe : pipes) {
    harness::write_raw(pipe.second.get(), "x");
  }
  lines_.wait_for(kActors);
}

TEST_F(ParkTest, ErrnoIsKeptOverASwitch) {
  for (int i = 0; i < 2; ++i) {
    runtime_.spawn<Bystander>().send(Do{[this, i](Context& context) {
      for (int k = 0; k < 100; ++k) {
        Promise<int> never;
        auto future = never.future();
        const Deadline soon{10us};
        errno = 1'000 + i;
        const bool came = static_cast<bool>(future.wait(soon));
        const int kept = errno;
        EXPECT_FALSE(came);
        EXPECT_EQ(kept, 1'000 + i);
      }
      lines_.add("done");
      static_cast<void>(context);
    }});
  }
  lines_.wait_for(2);
}

// As after Ctrl-Z and fg: the time has passed, and what was waited for has come.
TEST(LateParkTest, WhatIsReadyWinsOverADeadlineThatHasPassed) {
  harness::ManualClock clock;
  RuntimeOptions options;
  options.own_threads = false;
  options.ports = [&clock] {
    Ports ports;
    ports.clock = &clock;
    return ports;
  };
  Runtime runtime{options};
  auto [reader, writer] = harness::raw_pipe();
  std::optional<Result<void>> parked;
  int begun = 0;
  runtime.spawn<Bystander>().send(Do{[&, fd = reader.get()](Context& context) {
    ++begun;
    parked = park(context.runtime(), transports::Readiness{fd, POLLIN}, 2s);
  }});
  // Both times pass at once; this one goes on first.
  runtime.spawn<Bystander>().send(Do{[&, fd = writer.get()](Context& context) {
    ++begun;
    EXPECT_TRUE(context.sleep(1s));
    harness::write_raw(fd, "x");
  }});
  while (begun < 2) {
    (void)runtime.poll_once();
  }
  clock.advance(1h);
  while (!parked) {
    (void)runtime.poll_once();
  }
  EXPECT_TRUE(*parked) << parked->error().what();
}

}  // namespace
}  // namespace troupe::actor_test
