// SPDX-License-Identifier: Apache-2.0
// Kill -9 at random moments under traffic through shared memory: the survivor gets what was flushed
// in order and once, then one end; nothing is left; others go on. TROUPE_TEST_KILLS sets how many
// are killed in each test (20).
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/repetition.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <sys/mman.h>

#include <atomic>
#include <thread>
#include <vector>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;

// Counters that all processes of a test share; a killed one's stay.
class SharedCounters final {
 public:
  using Counter = std::atomic<std::uint64_t>;

  explicit SharedCounters(int count)
      : size_(static_cast<std::size_t>(count) * sizeof(Counter)),
        first_(static_cast<Counter*>(
            ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  SharedCounters(const SharedCounters&) = delete;
  SharedCounters& operator=(const SharedCounters&) = delete;
  ~SharedCounters() { ::munmap(first_, size_); }

  Counter& operator[](std::uint64_t which) const { return first_[which]; }

 private:
  std::size_t size_;
  Counter* first_;
};

// Sends until it is killed, and counts what has surely left.
void send_for_ever(Connection& end, SharedCounters::Counter& flushed) {
  for (std::uint64_t first = 0;; first += 5) {
    send_numbers(end, first, first + 5);
    flushed = first + 5;
  }
}

// Receives numbers from 0 on, in order, until the end, which stays the end; how many there were.
std::uint64_t receive_to_the_end(Connection& end) {
  std::uint64_t next = 0;
  auto message = end.receive_bytes();
  for (; message; message = end.receive_bytes()) {
    EXPECT_EQ(*message, numbered(next)) << next;
    ++next;
  }
  // Malformed: it was killed inside a message.
  EXPECT_TRUE(message.error() == Code::closed || message.error() == Code::malformed)
      << message.error().what();
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(end.receive_bytes().error(), message.error().code());
    EXPECT_EQ(end.poll(forever).error(), message.error().code());
  }
  return next;
}

class ShmKillTest : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(open_fds(), fds_before_);
    EXPECT_EQ(mapped_memfds(), mappings_before_);
  }

  std::chrono::microseconds a_while() {
    return std::chrono::microseconds{random_() % 4000};  // any moment will do
  }
  // Kills it at any moment, while this process goes on.
  std::jthread kill_soon(Child& victim) {
    return std::jthread{[&victim, moment = a_while()] {
      std::this_thread::sleep_for(moment);
      victim.kill_and_reap();
    }};
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};

 private:
  const std::size_t fds_before_ = open_fds();
  const std::size_t mappings_before_ = mapped_memfds();
  std::minstd_rand random_ = chance();
};

TEST_F(ShmKillTest, AKilledSendersFlushedMessagesArriveOnceThenTheEnd) {
  const SharedCounters flushed{1};
  for (int kill = 0; kill < kills(); ++kill) {
    flushed[0] = 0;
    Child sender{[&] {
      TestRuntime own;
      auto listener = Listener::create(own, "shm://kills?ring=8192").value();
      auto end = listener.accept().value();
      send_for_ever(end, flushed[0]);
    }};
    TestRuntime runtime;
    auto end = connect_soon(runtime, "shm://kills");
    auto killing = kill_soon(sender);
    if (kill % 2 == 0) {  // all of it is received from a dead one, or the first part from a living
      killing.join();
    }
    EXPECT_GE(receive_to_the_end(end), flushed[0]);
  }
}

TEST_F(ShmKillTest, TheSenderToAKilledReceiverIsTold) {
  for (int kill = 0; kill < kills(); ++kill) {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://kills?ring=8192").value();
    Child receiver{[&] {
      TestRuntime own;
      auto end = connect(own, "shm://kills").value();
      receive_to_the_end(end);
    }};
    auto end = listener.accept().value();
    const auto killing = kill_soon(receiver);
    Result<void> sent;
    for (std::uint64_t number = 0; sent; ++number) {
      sent = end.send_bytes(numbered(number));
    }
    EXPECT_EQ(sent.error(), Code::disconnected) << sent.error().what();
    EXPECT_EQ(end.send_bytes(numbered(0)).error(), Code::disconnected);
  }
}

TEST_F(ShmKillTest, WhoSendsAndReceivesAtOnceIsToldInBoth) {
  for (int kill = 0; kill < kills(); ++kill) {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://kills?ring=8192").value();
    Child echo{[&] {
      TestRuntime own;
      auto end = connect(own, "shm://kills").value();
      echo_all(end);
    }};
    auto end = listener.accept().value();
    const auto killing = kill_soon(echo);
    const std::jthread sending{[&] {
      Result<void> sent;
      for (std::uint64_t number = 0; sent; ++number) {
        sent = end.send_bytes(numbered(number));
      }
      EXPECT_EQ(sent.error(), Code::disconnected) << sent.error().what();
    }};
    receive_to_the_end(end);
  }
}

TEST_F(ShmKillTest, DescriptorsThatAKilledSenderLeftOnTheirWayAreClosed) {
  for (int kill = 0; kill < kills(); ++kill) {
    Child sender{[&] {
      TestRuntime own;
      auto listener = Listener::create(own, "shm://kills?ring=8192").value();
      auto end = listener.accept().value();
      const auto pipe = raw_pipe();
      while (end.send_fd(pipe.second)) {
      }
    }};
    TestRuntime runtime;
    auto end = connect_soon(runtime, "shm://kills");
    ASSERT_TRUE(end.receive_fd());
    const auto killing = kill_soon(sender);
    if (kill % 2 == 0) {  // all of them are received, or those that came first
      while (end.receive_fd()) {
      }
    }
  }
}

// One survivor, to whom many come and are killed, also while they connect; one who came in time is
// served all along.
TEST_F(ShmKillTest, NewPeersGoOnWhereOthersWereKilled) {
  const SharedCounters flushed{kills()};
  const SharedCounters received{kills()};
  const auto done = raw_pipe();
  const auto met = raw_pipe();
  Child survivor{[&] {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://kills?ring=8192").value();
    std::vector<std::jthread> receivers;
    while (!is_readable(done.first.get())) {
      auto end = listener.accept(1ms);
      if (!end) {
        continue;
      }
      receivers.emplace_back([&, client = std::move(*end)]() mutable {
        if (const auto name = client.receive_bytes()) {  // who it is, if it came so far
          std::uint64_t which = 0;
          std::memcpy(&which, name->data(), sizeof which);
          received[which] = receive_to_the_end(client);
        }
      });
    }
  }};
  Child companion{[&] {
    TestRuntime own;
    auto end = connect_soon(own, "shm://kills");
    std::uint64_t name = static_cast<std::uint64_t>(kills()) - 1;
    ASSERT_TRUE(end.send_bytes(std::as_bytes(std::span{&name, 1})));
    std::uint64_t next = 0;
    for (; !is_readable(done.first.get()); next += 5) {
      send_numbers(end, next, next + 5);
      if (next == 0) {
        write_raw(met.second.get(), "!");
      }
    }
    flushed[name] = next;
  }};
  (void)read_raw(met.first.get(), 1);
  for (int kill = 0; kill < kills() - 1; ++kill) {
    Child client{[&] {
      TestRuntime own;
      auto end = connect_soon(own, "shm://kills");
      const auto name = static_cast<std::uint64_t>(kill);
      ASSERT_TRUE(end.send_bytes(std::as_bytes(std::span{&name, 1})));
      send_for_ever(end, flushed[name]);
    }};
    std::this_thread::sleep_for(a_while());
    client.kill_and_reap();
  }
  write_raw(done.second.get(), "!");
  EXPECT_EQ(companion.join(), 0);
  EXPECT_EQ(survivor.join(), 0);
  EXPECT_GT(flushed[static_cast<std::uint64_t>(kills()) - 1], 0U);
  for (int kill = 0; kill < kills(); ++kill) {
    const auto which = static_cast<std::uint64_t>(kill);
    EXPECT_GE(received[which], flushed[which]) << kill;
  }
}

}  // namespace
}  // namespace troupe::harness
