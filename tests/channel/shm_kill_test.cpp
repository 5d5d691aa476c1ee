// SPDX-License-Identifier: Apache-2.0
// Kill -9 at random moments under traffic through shared memory: the survivor ends, what was
// flushed arrives exactly once, and nothing is left. TROUPE_TEST_KILLS sets how many (20).
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMessage = 3000;

// A counter that parent and child share.
class SharedCounter final {
 public:
  SharedCounter()
      : value_(new (::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                           0)) std::atomic<std::uint64_t>{0}) {}
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { ::munmap(value_, 4096); }

  std::atomic<std::uint64_t>& operator*() const { return *value_; }

 private:
  std::atomic<std::uint64_t>* value_;
};

Bytes numbered(std::uint64_t number) {
  Bytes message(8 + number * 7919 % kMessage, static_cast<std::byte>(number));
  std::memcpy(message.data(), &number, sizeof number);
  return message;
}

class ShmKillTest : public testing::Test {
 protected:
  int kills() const {
    const char* const text = std::getenv("TROUPE_TEST_KILLS");
    return text != nullptr ? std::atoi(text) : 20;
  }
  void pause_a_while() {
    std::this_thread::sleep_for(std::chrono::microseconds{random_() % 4000});  // any moment will do
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
  std::minstd_rand random_{std::random_device{}()};
  SharedCounter flushed_;
};

TEST_F(ShmKillTest, AKilledSendersFlushedMessagesArriveOnceThenTheEnd) {
  const std::size_t fds = open_fds();
  for (int kill = 0; kill < kills(); ++kill) {
    *flushed_ = 0;
    Child sender{[&] {
      TestRuntime runtime;
      auto listener = Listener::create(runtime, "shm://kills?ring=8192").value();
      auto end = listener.accept().value();
      for (std::uint64_t number = 0;; ++number) {
        end.send_bytes(numbered(number)).value();
        if (number % 5 == 0) {
          end.flush().value();
          *flushed_ = number + 1;
        }
      }
    }};
    TestRuntime runtime;
    Result<Connection> end = Error{Code::not_found, ""};
    while (!end) {
      end = connect(runtime, "shm://kills", {}, 1s);
    }
    std::jthread killing{[&] {
      pause_a_while();
      sender.kill_and_reap();
    }};
    std::uint64_t next = 0;
    for (;;) {
      const auto message = end->receive_bytes();
      if (!message) {
        EXPECT_TRUE(message.error() == Code::closed || message.error() == Code::malformed)
            << message.error().what();
        break;
      }
      ASSERT_EQ(*message, numbered(next)) << next;
      ++next;
    }
    killing.join();
    EXPECT_GE(next, *flushed_);
  }
  EXPECT_EQ(open_fds(), fds);
}

TEST_F(ShmKillTest, TheSenderToAKilledReceiverIsTold) {
  const std::size_t fds = open_fds();
  for (int kill = 0; kill < kills(); ++kill) {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://kills?ring=8192").value();
    Child receiver{[&] {
      TestRuntime own;
      auto end = connect(own, "shm://kills").value();
      for (std::uint64_t next = 0;; ++next) {
        EXPECT_EQ(end.receive_bytes().value(), numbered(next));
      }
    }};
    auto end = listener.accept().value();
    std::jthread killing{[&] {
      pause_a_while();
      receiver.kill_and_reap();
    }};
    Result<void> sent;
    for (std::uint64_t number = 0; sent; ++number) {
      sent = end.send_bytes(numbered(number));
    }
    EXPECT_EQ(sent.error(), Code::disconnected) << sent.error().what();
    killing.join();
  }
  EXPECT_EQ(open_fds(), fds);
}

}  // namespace
}  // namespace troupe::harness
