// SPDX-License-Identifier: Apache-2.0
// Loans when an end goes: killed with loans out, or on to another process.
#include "channel/shm_loan_test.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace troupe::harness {
namespace {

class ShmLoanEndTest : public ShmLoanTest {
 protected:
  // A receiver that has so many views and says so.
  static void hold_for_ever(const std::string& address, unsigned count) {
    TestRuntime own;
    auto end = connect_soon(own, address);
    std::vector<Buffer> views;
    while (views.size() < count) {
      views.push_back(end.receive_buffer().value());
    }
    ASSERT_TRUE(end.send_bytes({}));
    for (;;) {
      ::pause();
    }
  }
};

TEST_F(ShmLoanEndTest, AReceiverThatIsKilledTakesNoLoanAlong) {
  auto listener = Listener::create(runtime_, "shm://killed?loans=1048576").value();
  Child receiver{[] { hold_for_ever("shm://killed", 3); }};
  auto end = listener.accept().value();
  std::vector<Buffer> sent;
  for (const unsigned seed : {1U, 2U, 3U}) {
    sent.emplace_back(pattern_loan(end, 256 * kKiB, seed));
    ASSERT_TRUE(end.send_buffer(sent.back()));
  }
  Loan unsent = end.loan(256 * kKiB).value();
  ASSERT_TRUE(end.receive_bytes());
  receiver.kill_and_reap();

  EXPECT_EQ(end.receive_bytes().error(), Code::closed);
  Result<void> again;
  while (again) {  // at the latest when the ring is full
    again = end.send_buffer(sent.front());
  }
  EXPECT_EQ(again.error(), Code::disconnected) << again.error().what();
  EXPECT_EQ(end.send_bytes({}).error(), Code::disconnected);
  EXPECT_EQ(end.loan(256 * kKiB).error(), Code::disconnected);
  write_pattern(unsent, 4);
  sent.emplace_back(std::move(unsent));
  end.close();
  unsigned seed = 0;
  for (const Buffer& each : sent) {
    EXPECT_TRUE(holds_pattern(each, 256 * kKiB, ++seed));
  }
}

TEST_F(ShmLoanEndTest, ALoanThatWaitsForAReceiverThatIsKilledIsDisconnected) {
  auto listener = Listener::create(runtime_, "shm://killed?loans=1048576").value();
  Child receiver{[] { hold_for_ever("shm://killed", 1); }};
  auto end = listener.accept().value();
  ASSERT_TRUE(end.send_buffer(pattern_loan(end, kMiB)));
  ASSERT_TRUE(end.receive_bytes());
  const auto killer = when_somebody_waits([&receiver] { receiver.kill_and_reap(); });
  const auto loan = end.loan(kMiB);
  ASSERT_FALSE(loan);
  EXPECT_EQ(loan.error(), Code::disconnected) << loan.error().what();
}

TEST_F(ShmLoanEndTest, WhatAKilledSenderLentStaysReadableAndLeavesNothing) {
  std::vector<Buffer> views;
  {
    auto listener = Listener::create(runtime_, "shm://killed").value();
    const auto sent = raw_pipe();
    Child sender{[&] {
      TestRuntime own;
      auto end = connect_soon(own, "shm://killed");
      for (const unsigned seed : {1U, 2U, 3U}) {
        ASSERT_TRUE(end.send_buffer(pattern_loan(end, seed * kMiB, seed)));
      }
      write_raw(sent.second.get(), "!");
      for (;;) {
        ::pause();
      }
    }};
    auto end = listener.accept().value();
    views.push_back(end.receive_buffer().value());
    (void)read_raw(sent.first.get(), 1);
    sender.kill_and_reap();
    views.push_back(end.receive_buffer().value());
    views.push_back(end.receive_buffer().value());
    EXPECT_EQ(end.receive_buffer().error(), Code::closed);
  }
  for (const unsigned seed : {1U, 2U, 3U}) {
    expect_read_only_view(views[seed - 1]);
    EXPECT_TRUE(holds_pattern(views[seed - 1], seed * kMiB, seed));
  }
}

// ---- going on in another process ---------------------------------------------------------------

struct Image {
  int number = 0;
  Buffer pixels;
};

void echo_images(Pipe<Image> pipe) {
  for (const Image& image : pipe) {
    Loan loan = pipe.loan(image.pixels.size()).value();
    std::ranges::copy(image.pixels.bytes(), loan.bytes().begin());
    pipe.send({image.number + 1, std::move(loan)}).value();
  }
}

void exchange(Pipe<Image>& one, Pipe<Image>& other, unsigned seed) {
  ASSERT_TRUE(one.send({5, pattern_loan(one.connection(), 300 * kKiB, seed)}));
  const Image image = other.receive().value();
  EXPECT_EQ(image.number, 5);
  EXPECT_TRUE(holds_pattern(image.pixels, 300 * kKiB, seed));
}

TEST(ShmLoanProcessTest, AnEndGoesToAProcessAfterLoansWentBothWays) {
  Runtime& runtime = *Runtime::current();
  for (const StartMethod method : {StartMethod::zygote, StartMethod::exec}) {
    auto [here, there] = Pipe<Image>::create(runtime, "shm:").value();
    exchange(here, there, 1);
    exchange(there, here, 2);
    EXPECT_EQ(here.poll(0s).error(),
              Code::timed_out);  // what is received last is viewed until then
    Process process{runtime, {.start = method}, echo_images, std::move(there)};
    std::vector<Buffer> views;
    for (unsigned i = 0; i < 20; ++i) {
      const std::size_t size = (i % 4 + 1) * 300 * kKiB;
      ASSERT_TRUE(here.send({static_cast<int>(i), pattern_loan(here.connection(), size, i)}));
      const Image image = here.receive().value();
      EXPECT_EQ(image.number, static_cast<int>(i) + 1);
      EXPECT_TRUE(holds_pattern(image.pixels, size, i));
      views.push_back(image.pixels);
    }
    here.close();
    EXPECT_TRUE(process.join().value().ok());
    EXPECT_TRUE(holds_pattern(views.front(), 300 * kKiB, 0));
  }
}

TEST(ShmLoanProcessTest, AnEndWhosePeerLentItSomethingGoesAndTheViewsStay) {
  Runtime& runtime = *Runtime::current();
  auto [here, there] = Pipe<Image>::create(runtime, "shm:").value();
  ASSERT_TRUE(here.send({1, pattern_loan(here.connection(), 300 * kKiB, 1)}));
  const Image kept = there.receive().value();
  ASSERT_TRUE(here.send({2, pattern_loan(here.connection(), 300 * kKiB, 2)}));
  ASSERT_TRUE(there.poll(forever));  // goes along
  Process process{runtime, echo_images, std::move(there)};
  const Image back = here.receive().value();
  EXPECT_EQ(back.number, 3);
  EXPECT_TRUE(holds_pattern(back.pixels, 300 * kKiB, 2));
  EXPECT_TRUE(holds_pattern(kept.pixels, 300 * kKiB, 1));
  expect_read_only_view(kept.pixels);
  here.close();
  EXPECT_TRUE(process.join().value().ok());
}

TEST(ShmLoanProcessTest, AnEndWhoseLoansAreOutStaysUntilTheyAreBack) {
  Runtime& runtime = *Runtime::current();
  auto [here, there] = Pipe<Image>::create(runtime, "shm:").value();
  const auto refused = [&end = there.connection()] {
    const auto handover = end.hand_over();
    EXPECT_FALSE(handover);
    return !handover && handover.error() == Code::refused &&
           says(handover.error(), "memory that was lent by it is still in use");
  };
  {
    const Loan unsent = there.loan(300 * kKiB).value();
    EXPECT_TRUE(refused());
  }
  exchange(there, here, 1);
  {
    const Buffer buffer = there.loan(300 * kKiB).value();
    ASSERT_TRUE(there.send({1, buffer}));
    EXPECT_TRUE(refused()) << "it is on its way";
  }
  {
    const Image image = here.receive().value();
    EXPECT_TRUE(refused()) << "it is viewed";
    EXPECT_EQ(here.poll(0s).error(), Code::timed_out);
    EXPECT_TRUE(refused()) << "it is still viewed";
  }
  exchange(there, here, 2);
  EXPECT_EQ(here.poll(0s).error(), Code::timed_out);
  Process process{runtime, echo_images, std::move(there)};
  ASSERT_TRUE(here.send({1, pattern_buffer(300 * kKiB, 3)}));
  EXPECT_TRUE(holds_pattern(here.receive().value().pixels, 300 * kKiB, 3));
  here.close();
  EXPECT_TRUE(process.join().value().ok());
}

}  // namespace
}  // namespace troupe::harness
