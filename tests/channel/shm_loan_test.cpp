// SPDX-License-Identifier: Apache-2.0
// Loans through shared memory: what is received is the very memory that was written, to be read
// only, for as long as anybody wants; and none of it is left.
#include "channel/shm_loan_test.hpp"

#include "harness/sanitized.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace troupe::harness {
namespace {

struct Image {
  int number = 0;
  Buffer pixels;
  std::string name;
};

TEST_F(ShmLoanTest, TheReceiverViewsTheVeryMemoryThatWasWritten) {
  auto ends = connect();
  Loan loan = pattern_loan(ends.first, kMiB);
  const Place written = place_of(loan.bytes().data());
  EXPECT_EQ(written.permissions, "rw-s");
  ASSERT_TRUE(ends.first.send_buffer(std::move(loan)));
  const Buffer received = ends.second.receive_buffer().value();
  expect_read_only_view(received);
  EXPECT_EQ(place_of(received.bytes().data()).byte, written.byte);
  EXPECT_TRUE(holds_pattern(received, kMiB));
}

TEST_F(ShmLoanTest, SoItDoesInAnotherProcess) {
  auto listener = Listener::create(runtime_, "shm://views").value();
  Child receiver{[] {
    TestRuntime own;
    Pipe<std::string, Image> pipe{troupe::connect(own, "shm://views").value()};
    const Image image = pipe.receive().value();
    expect_read_only_view(image.pixels);
    EXPECT_TRUE(holds_pattern(image.pixels, kMiB, 5));
    ASSERT_TRUE(pipe.send(place_of(image.pixels.bytes().data()).byte));
  }};
  Pipe<Image, std::string> pipe{listener.accept().value()};
  const Buffer pixels = pattern_loan(pipe.connection(), kMiB, 5);
  ASSERT_TRUE(pipe.send({1, pixels, "image"}));
  EXPECT_EQ(pipe.receive().value(), place_of(pixels.bytes().data()).byte);
  EXPECT_EQ(receiver.join(), 0);
}

TEST_F(ShmLoanTest, APartOfALoanIsViewedWhereItIs) {
  auto ends = connect();
  const Buffer whole = pattern_loan(ends.first, kMiB);
  const Buffer part = whole.part(5000, 300 * kKiB);
  ASSERT_TRUE(ends.first.send_buffer(part));
  const Buffer received = ends.second.receive_buffer().value();
  expect_read_only_view(received);
  EXPECT_EQ(place_of(received.bytes().data()).byte, place_of(part.bytes().data()).byte);
  EXPECT_EQ(received, part);
}

TEST_F(ShmLoanTest, LargeMembersOfOrdinaryMemoryAreViewedToo) {
  auto ends = connect();
  Sender<Image> from{std::move(ends.first)};
  Receiver<Image> to{std::move(ends.second)};
  ASSERT_TRUE(from.send({1, pattern_buffer(kMiB), "ordinary"}));
  const Image image = to.receive().value();
  expect_read_only_view(image.pixels);
  EXPECT_TRUE(holds_pattern(image.pixels, kMiB));
  EXPECT_EQ(image.name, "ordinary");
}

TEST_F(ShmLoanTest, WithoutLoansNothingIsViewed) {
  auto ends = connect("?loans=0");
  EXPECT_FALSE(ends.first.capabilities().loans);
  std::jthread sender{[&] {
    ASSERT_TRUE(ends.first.send_buffer(pattern_loan(ends.first, kMiB, 1)));
    ASSERT_TRUE(ends.first.send_bytes(pattern(kMiB, 2)));
  }};
  for (const unsigned seed : {1U, 2U}) {
    const Buffer received = ends.second.receive_buffer().value();
    EXPECT_TRUE(holds_pattern(received, kMiB, seed));
    EXPECT_FALSE(place_of(received.bytes().data()).shared_memory);
  }
}

// ---- nothing is left ---------------------------------------------------------------------------

TEST_F(ShmLoanTest, ViewsThatOutliveBothEndsLeaveNothingWhenTheyGo) {
  std::vector<Buffer> views;
  {
    auto ends = connect();
    for (const unsigned seed : {1U, 2U, 3U}) {
      ASSERT_TRUE(ends.first.send_buffer(pattern_loan(ends.first, kMiB * seed, seed)));
      views.push_back(ends.second.receive_buffer().value());
    }
  }
  EXPECT_GT(mapped_memfds(), 0U);
  for (const unsigned seed : {1U, 2U, 3U}) {
    expect_read_only_view(views[seed - 1]);
    EXPECT_TRUE(holds_pattern(views[seed - 1], kMiB * seed, seed));
  }
  std::jthread elsewhere{[&views] { views.clear(); }};
}

TEST_F(ShmLoanTest, ManyLoansTakeNoMoreMappingsOrDescriptorsThanAFew) {
  constexpr unsigned kLoans = kSanitized ? 10'000 : 100'000;
  struct Held {
    std::size_t fds;
    std::size_t mappings;
    std::size_t bytes;
    static Held now() { return {open_fds(), mapped_memfds(), mapped_memfd_bytes()}; }
    void expect_same() const {
      EXPECT_EQ(open_fds(), fds);
      EXPECT_EQ(mapped_memfds(), mappings);
      EXPECT_EQ(mapped_memfd_bytes(), bytes);
    }
  };
  // Small ones that are lent all the same, in a memory that is soon full of them.
  auto listener = Listener::create(runtime_, "shm://many?ring=16384&loans=1048576").value();
  Child receiver{[] {
    TestRuntime own;
    auto end = troupe::connect(own, "shm://many").value();
    Held held{};
    for (unsigned i = 0; i < kLoans; ++i) {
      const Buffer view = end.receive_buffer().value();
      ASSERT_EQ(view.as<unsigned>()[2000], i);
      if (i == kLoans / 10) {
        held = Held::now();
      }
    }
    held.expect_same();
  }};
  auto end = listener.accept().value();
  {
    const Loan all = end.loan(kMiB).value();
    EXPECT_EQ(end.loan(4096, 0ms).error(), Code::timed_out);  // the first wait takes a descriptor
  }
  Held held{};
  for (unsigned i = 0; i < kLoans; ++i) {
    Loan loan = end.loan(12 * kKiB).value();
    loan.as<unsigned>()[2000] = i;
    ASSERT_TRUE(end.send_buffer(std::move(loan)));
    if (i == kLoans / 10) {
      held = Held::now();
    }
  }
  held.expect_same();
  EXPECT_EQ(receiver.join(), 0);
}

TEST_F(ShmLoanTest, OneThreadDropsViewsWhileAnotherReceives) {
  constexpr unsigned kMessages = kSanitized ? 2000 : 20'000;
  auto ends = connect("?ring=16384&loans=262144");
  std::mutex mutex;
  std::condition_variable came;
  std::deque<Buffer> views;  // guarded by mutex
  std::jthread sender{[&] {
    for (unsigned i = 0; i < kMessages; ++i) {
      Loan loan = ends.first.loan(8 * kKiB).value();
      std::ranges::fill(loan.as<unsigned>(), i);
      ASSERT_TRUE(ends.first.send_buffer(std::move(loan)));
    }
  }};
  std::jthread dropper{[&] {
    for (unsigned i = 0; i < kMessages; ++i) {
      Buffer view;
      {
        std::unique_lock lock{mutex};
        came.wait(lock, [&] { return !views.empty(); });
        view = std::move(views.front());
        views.pop_front();
      }
      ASSERT_EQ(view.as<unsigned>().front(), i);
      ASSERT_EQ(view.as<unsigned>().back(), i) << "nobody writes there while it is viewed";
    }
  }};
  for (unsigned i = 0; i < kMessages; ++i) {
    Buffer view = ends.second.receive_buffer().value();
    const std::lock_guard lock{mutex};
    views.push_back(std::move(view));
    came.notify_one();
  }
}

}  // namespace
}  // namespace troupe::harness
