// SPDX-License-Identifier: Apache-2.0
// How every Connection waits (runtime/channel/connection.hpp), over each transport: to a deadline,
// through signals, until a stop. Ids in comments are those of research/python-multiprocessing.md
// §2.10 and §4.
#include "channel/channel_test.hpp"
#include "harness/sanitized.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>

namespace troupe::harness {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// ---- deadlines ---------------------------------------------------------------------------------

TEST_P(ConnectionTest, AReceiveEndsAtItsDeadlineAndMayBeRepeated) {
  connect();
  const auto received = first_.receive_bytes(5ms);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error(), Code::timed_out);
  EXPECT_NE(std::string_view{received.error().what()}.find(first_.peer().text()),
            std::string_view::npos);
  ASSERT_TRUE(second_.send_bytes(bytes("late")));
  EXPECT_EQ(text(first_.receive_bytes()), "late");
}

TEST_P(ConnectionTest, ADeadlineInsideAMessageLosesNothing) {
  connect();
  if (!has_bytes()) {
    return;  // frames come whole
  }
  const UniqueFd raw = raw_second();
  const Bytes body = pattern(200 * kKiB);
  write_raw(raw.get(), from_hex("00 03 20 00"));
  std::size_t at = 0;
  for (const std::size_t portion : {std::size_t{1}, 5 * kKiB, 50 * kKiB}) {
    write_raw(raw.get(), std::span{body}.subspan(at, portion));
    at += portion;
    Bytes place(200 * kKiB, std::byte{0xee});
    EXPECT_EQ(outcome(first_.receive_into(place, 0s)), "timed_out");
  }
  std::jthread writer{[&] { write_raw(raw.get(), std::span{body}.subspan(at)); }};
  Bytes place(200 * kKiB);
  EXPECT_EQ(first_.receive_into(place).value(), body.size());
  EXPECT_TRUE(place == body);
}

TEST_P(ConnectionTest, ASendToASlowReaderEndsAtItsDeadlineWithoutAnEffect) {  // W20
  connect();
  unsigned accepted = 0;
  Result<void> sent;
  while ((sent = second_.send_bytes(pattern(10 * kKiB, accepted), 2ms))) {
    ++accepted;
    ASSERT_LT(accepted, 2000U) << "so much is accepted, and nobody reads";
  }
  EXPECT_EQ(sent.error(), Code::timed_out);
  EXPECT_EQ(sent.error().effect(), Effect::none);

  std::jthread reader{[&] {
    for (unsigned i = 0; i < accepted; ++i) {
      ASSERT_TRUE(first_.receive_bytes().value() == pattern(10 * kKiB, i)) << i;
    }
    EXPECT_EQ(text(first_.receive_bytes()), "after");
  }};
  EXPECT_TRUE(second_.send_bytes(bytes("after")));
}

TEST_P(ConnectionTest, AMessageThatHasBegunToLeaveIsAcceptedAndFollowsByItself) {
  connect();
  const Bytes large = pattern(8 * kMiB);
  {
    const Bytes copy = large;
    ASSERT_TRUE(second_.send_bytes(copy, 2ms)) << "a part of it has left";
  }
  EXPECT_TRUE(first_.receive_bytes().value() == large) << "without another call of the sender";
  ASSERT_TRUE(second_.send_bytes(bytes("next")));
  EXPECT_EQ(text(first_.receive_bytes()), "next");
}

TEST_P(ConnectionTest, FlushWaitsForTheKernelUntilItsDeadline) {
  connect();
  EXPECT_TRUE(second_.flush(0s)) << "nothing is buffered";
  const Bytes large = pattern(8 * kMiB);
  ASSERT_TRUE(second_.send_bytes(large, 2ms));
  if (crosses_processes() && !second_.capabilities().loans) {  // where a loan is, all has left
    EXPECT_EQ(outcome(second_.flush(2ms)), "timed_out");
  }
  std::jthread reader{[&] { EXPECT_TRUE(first_.receive_bytes().value() == large); }};
  EXPECT_TRUE(second_.flush());
}

TEST_P(ConnectionTest, ASlowReaderBoundsWhatItsSenderHolds) {
  connect();
  const auto resident = [] {
    std::ifstream statm{"/proc/self/statm"};
    std::size_t pages = 0;
    statm >> pages >> pages;
    return pages * 4096;
  };
  std::atomic<bool> done = false;
  std::size_t most = 0;
  const Bytes message = pattern(20 * kKiB);
  const std::size_t before = resident();
  std::jthread sender{[&] {
    for (int i = 0; i < 2000; ++i) {  // 40 MiB
      ASSERT_TRUE(second_.send_bytes(message));
    }
    EXPECT_TRUE(second_.flush());
    done = true;
  }};
  while (!done) {
    const auto received = first_.receive_bytes(10ms);
    EXPECT_TRUE(received || received.error() == Code::timed_out) << received.error().what();
    most = std::max(most, resident());
    std::this_thread::yield();
  }
  if (!kSanitized) {  // they keep what was freed
    EXPECT_LT(most, before + 24 * kMiB);
  }
}

// ---- signals -----------------------------------------------------------------------------------

// Sends SIGUSR1, whose handler does not restart calls, to one thread again and again.
class Pestering final {
 public:
  explicit Pestering(pthread_t thread) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &action, &before_);
    pest_ = std::jthread{[this, thread](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        ::pthread_kill(thread, SIGUSR1);
        ++sent_;
        std::this_thread::sleep_for(100us);
      }
    }};
  }
  Pestering(const Pestering&) = delete;
  Pestering& operator=(const Pestering&) = delete;
  ~Pestering() {
    pest_.request_stop();
    pest_.join();
    ::sigaction(SIGUSR1, &before_, nullptr);
  }
  void wait_for_some() const {
    for (const long goal = sent_ + 20; sent_ < goal;) {
      std::this_thread::yield();
    }
  }

 private:
  struct sigaction before_ {};
  std::atomic<long> sent_ = 0;
  std::jthread pest_;
};

TEST_P(ConnectionTest, SignalsAreNotVisibleToAWaitingReceiver) {  // CN-18
  connect();
  const Pestering pest{::pthread_self()};
  std::jthread sender{[&] {
    pest.wait_for_some();
    EXPECT_TRUE(second_.send_bytes(bytes("at last")));
  }};
  EXPECT_EQ(text(first_.receive_bytes()), "at last");
}

TEST_P(ConnectionTest, SignalsAreNotVisibleToAWaitingSender) {  // CN-18
  connect();
  const Pestering pest{::pthread_self()};
  const Bytes large = pattern(16 * kMiB);
  std::jthread receiver{[&] {
    pest.wait_for_some();
    EXPECT_TRUE(first_.receive_bytes().value() == large);
  }};
  EXPECT_TRUE(second_.send_bytes(large));
  EXPECT_TRUE(second_.flush());
}

// ---- stopping ----------------------------------------------------------------------------------

TEST_P(ConnectionTest, AStopCutsEveryWaitShort) {
  enum class Wait { receive, poll, send };
  for (const Wait wait : {Wait::receive, Wait::poll, Wait::send}) {
    TestRuntime stopping;
    connect(stopping, stopping);
    std::latch waits{1};
    Result<void> result;
    std::jthread waiter{[&] {
      switch (wait) {
        case Wait::receive: {
          waits.count_down();
          const auto received = first_.receive_bytes();
          result = received ? Result<void>{} : received.error();
          break;
        }
        case Wait::poll:
          waits.count_down();
          result = first_.poll(forever);
          break;
        case Wait::send:
          while ((result = second_.send_bytes(pattern(10 * kKiB), 1ms))) {
          }
          waits.count_down();
          result = second_.send_bytes(pattern(10 * kKiB));
          break;
      }
    }};
    waits.wait();
    stopping.request_stop();
    waiter.join();
    EXPECT_EQ(outcome(result), "cancelled");
    EXPECT_EQ(outcome(first_.poll(forever)), wait == Wait::send ? "ok" : "cancelled");
    std::jthread drain;
    if (wait == Wait::send) {  // what was accepted still leaves
      drain = std::jthread{[&] {
        while (first_.receive_bytes()) {
        }
      }};
    }
    second_.close();
    drain = {};
    first_.close();
  }
}

TEST_P(ConnectionTest, AfterAStopWhatIsHereIsStillReceived) {
  TestRuntime stopping;
  connect(stopping, stopping);
  ASSERT_TRUE(second_.send_bytes(bytes("one")));
  ASSERT_TRUE(second_.send_bytes(bytes("two")));
  ASSERT_TRUE(first_.poll(forever));
  stopping.request_stop();
  EXPECT_EQ(text(first_.receive_bytes()), "one");
  EXPECT_EQ(text(first_.receive_bytes()), "two");
  EXPECT_EQ(outcome(first_.receive_bytes()), "cancelled");
  EXPECT_EQ(outcome(first_.receive_bytes()), "cancelled") << "and so is every later wait";
  ASSERT_TRUE(second_.send_bytes(bytes("what needs no wait still goes")));
  std::string last;
  do {  // over ZeroMQ its threads bring it
    last = text(first_.receive_bytes());
  } while (last == "cancelled");
  EXPECT_EQ(last, "what needs no wait still goes");
  first_.close();
  second_.close();
}

TEST_P(ConnectionTest, TwoRuntimesInOneProcessDoNotStopEachOther) {
  TestRuntime other;
  {
    TestRuntime stopped;
    connect(other, stopped);
    ASSERT_TRUE(second_.send_bytes(bytes("hello")));
    stopped.request_stop();
    EXPECT_EQ(text(first_.receive_bytes(forever)), "hello");
    EXPECT_EQ(outcome(first_.receive_bytes(1ms)), "timed_out");
    second_.close();
  }
  EXPECT_EQ(outcome(first_.receive_bytes()), "closed");
  first_.close();
}

}  // namespace
}  // namespace troupe::harness
