// SPDX-License-Identifier: Apache-2.0
// EINTR is nowhere visible: everything that waits or talks, under a storm of signals whose handler
// does not have calls restarted. The threads of the test are the only ones that they can come to.
#include "harness/temporary_directory.hpp"
#include "support.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

std::atomic<long> interruptions = 0;

// SIGALRM, 2000 times a second, while it lives.
class Storm final {
 public:
  Storm() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++interruptions; };
    ::sigaction(SIGALRM, &action, &before_);
    interruptions = 0;
    const itimerval often{{0, 500}, {0, 500}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;
  ~Storm() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }
  // Waits until so many more have come.
  static void rage(long count) {
    const long until = interruptions + count;
    actor_test::wait_until([=] { return interruptions >= until; });
  }

 private:
  struct sigaction before_ {};
};

class InterruptionTest : public testing::TestWithParam<std::string> {
 protected:
  Address address() const {
    const std::string scheme = GetParam();
    if (scheme == "tcp") return Address{"tcp://127.0.0.1:0"};
    if (scheme == "unix" || scheme == "fifo") return Address{scheme + ":" + files_.file("place")};
    return Address{scheme + ":interruption-" + std::to_string(::getpid())};
  }

  harness::TemporaryDirectory files_;
  harness::EnvironmentScope runtime_files_{"XDG_RUNTIME_DIR", files_.path()};
  Runtime runtime_{RuntimeOptions{}};
};
INSTANTIATE_TEST_SUITE_P(Transports, InterruptionTest,
                         testing::Values("fifo", "unix", "shm", "tcp", "inproc"),
                         [](const auto& scheme) { return scheme.param; });

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}

TEST_P(InterruptionTest, NothingOfAConnectionsLifeSeesThem) {
  const Storm storm;
  for (int round = 0; round < 5; ++round) {
    auto listener = Listener::create(runtime_, address()).value();
    std::thread peer{[&] {
      Storm::rage(5);  // accept waits meanwhile
      auto connection = connect(runtime_, listener.address()).value();
      for (;;) {
        Storm::rage(2);
        auto received = connection.receive_bytes();
        if (!received) {
          EXPECT_EQ(received.error(), Code::closed) << received.error().what();
          return;
        }
        const auto sent = connection.send_bytes(*received);
        EXPECT_TRUE(sent) << sent.error().what();
      }
    }};
    auto accepted = listener.accept();
    ASSERT_TRUE(accepted) << accepted.error().what();
    for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}, std::size_t{3} << 20U}) {
      const Bytes message = pattern(size);
      const auto sent = accepted->send_bytes(message);
      ASSERT_TRUE(sent) << sent.error().what();
      const auto ready = wait_any(runtime_, {*accepted});
      ASSERT_TRUE(ready) << ready.error().what();
      const auto polled = accepted->poll(forever);
      ASSERT_TRUE(polled) << polled.error().what();
      const auto received = accepted->receive_bytes();
      ASSERT_TRUE(received) << received.error().what();
      ASSERT_TRUE(*received == message);
    }
    EXPECT_EQ(accepted->receive_bytes(20ms).error(), Code::timed_out);
    const auto flushed = accepted->flush();
    EXPECT_TRUE(flushed) << flushed.error().what();
    accepted->close();
    peer.join();
    listener.close();
  }
  EXPECT_GT(interruptions, 0);
}

TEST(InterruptedWaitTest, ParkSleepAndAsksDoNotSeeThem) {
  Runtime runtime{actor_test::workers(1)};
  const Storm storm;
  const auto recorder = runtime.spawn<actor_test::Recorder>();
  const actor_test::Hold gates;
  recorder.send(gates);
  auto answer = recorder.ask_async(actor_test::Read{});
  std::thread opens{[&] {
    Storm::rage(20);
    gates.end.open();
  }};
  EXPECT_TRUE(answer.get());
  opens.join();
  EXPECT_EQ(park(runtime, transports::Readiness{-1, POLLIN}, 20ms).error(), Code::timed_out);
  EXPECT_EQ(wait_any(runtime, {Deadline{20ms}}).value(), std::vector<std::size_t>{0});
  EXPECT_GT(interruptions, 0);
}

}  // namespace
}  // namespace troupe
