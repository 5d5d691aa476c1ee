// SPDX-License-Identifier: Apache-2.0
// How much may be lent: who waits and who does not, what the error says, and how the memory grows
// and goes back.
#include "channel/shm_loan_test.hpp"
#include "harness/memory_cgroup.hpp"
#include "harness/sanitized.hpp"

#include <limits>
#include <regex>
#include <vector>

namespace troupe::harness {
namespace {

class ShmLoanBudgetTest : public ShmLoanTest {
 protected:
  // So many views of 256 KiB, which were lent.
  std::vector<Buffer> hold_views(ConnectedEnds& ends, unsigned count) {
    std::vector<Buffer> views;
    for (unsigned i = 0; i < count; ++i) {
      EXPECT_TRUE(ends.first.send_buffer(pattern_loan(ends.first, 256 * kKiB, i)));
      views.push_back(ends.second.receive_buffer().value());
    }
    return views;
  }
};

TEST_F(ShmLoanBudgetTest, ALoanWaitsUntilItsDeadlineWhileTheReceiverHoldsAll) {
  auto ends = connect("?loans=1048576");
  const auto views = hold_views(ends, 3);
  Loan own = ends.first.loan(256 * kKiB).value();
  for (const auto wait : {0ms, 10ms}) {
    const auto loan = ends.first.loan(4096, wait);
    ASSERT_FALSE(loan);
    EXPECT_EQ(loan.error(), Code::timed_out);
    EXPECT_EQ(loan.error().effect(), Effect::none);
    EXPECT_TRUE(says(loan.error(), "lend 4096 bytes")) << loan.error().what();
    EXPECT_TRUE(says(loan.error(), "the receiver holds 786432 bytes in 3 loans"))
        << loan.error().what();
    EXPECT_TRUE(says(loan.error(), "this process 262144 in 1")) << loan.error().what();
    EXPECT_TRUE(says(loan.error(), "at most 1048576 bytes (?loans=)")) << loan.error().what();
  }
}

TEST_F(ShmLoanBudgetTest, ALoanThatWaitsGoesOnWhenTheReceiverDropsAView) {
  auto ends = connect("?loans=1048576");
  auto views = hold_views(ends, 4);
  const auto dropper = when_somebody_waits([&views] { views.pop_back(); });
  EXPECT_TRUE(ends.first.loan(256 * kKiB));
}

TEST_F(ShmLoanBudgetTest, ALoanThatWaitsGoesOnWhenThisProcessDropsALoan) {
  auto ends = connect("?loans=1048576");
  std::vector<Loan> loans;
  for (int i = 0; i < 4; ++i) {
    loans.push_back(ends.first.loan(256 * kKiB).value());
  }
  const auto dropper = when_somebody_waits([&loans] { loans.pop_back(); });
  EXPECT_TRUE(ends.first.loan(256 * kKiB));
}

TEST_F(ShmLoanBudgetTest, ALoanThatBothSidesHoldIsFreeWhenTheLastHasDroppedIt) {
  for (const bool receiver_first : {true, false}) {
    auto ends = connect("?loans=1048576");
    auto buffer = std::make_unique<Buffer>(pattern_loan(ends.first, kMiB));
    ASSERT_TRUE(ends.first.send_buffer(*buffer));
    auto view = std::make_unique<Buffer>(ends.second.receive_buffer().value());
    (receiver_first ? view : buffer).reset();
    EXPECT_EQ(ends.first.loan(4096, 0ms).has_value(), false);
    const auto dropper = when_somebody_waits([&] { (receiver_first ? buffer : view).reset(); });
    EXPECT_TRUE(ends.first.loan(kMiB));
  }
}

TEST_F(ShmLoanBudgetTest, OrdinaryLargeMessagesNeverWaitForLoans) {
  auto ends = connect("?loans=1048576");
  const auto views = hold_views(ends, 4);
  std::jthread sender{[&] {
    for (unsigned i = 0; i < 3; ++i) {
      ASSERT_TRUE(ends.first.send_bytes(pattern(2 * kMiB, i)));
      ASSERT_TRUE(ends.first.send_buffer(pattern_buffer(200 * kKiB, i)));
    }
  }};
  for (unsigned i = 0; i < 3; ++i) {
    const Buffer large = ends.second.receive_buffer().value();
    EXPECT_TRUE(holds_pattern(large, 2 * kMiB, i));
    EXPECT_FALSE(place_of(large.bytes().data()).shared_memory) << "it came in pieces";
    EXPECT_TRUE(holds_pattern(ends.second.receive_buffer().value(), 200 * kKiB, i));
  }
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_TRUE(holds_pattern(views[i], 256 * kKiB, i));
  }
}

TEST_F(ShmLoanBudgetTest, CopiesThatAreLentKeepToTheBudgetToo) {
  auto ends = connect("?loans=524288");
  std::vector<Buffer> views;
  std::jthread sender{[&] {
    for (unsigned i = 0; i < 6; ++i) {
      ASSERT_TRUE(ends.first.send_bytes(pattern(256 * kKiB, i)));
    }
  }};
  std::size_t lent = 0;
  for (unsigned i = 0; i < 6; ++i) {
    views.push_back(ends.second.receive_buffer().value());
    EXPECT_TRUE(holds_pattern(views.back(), 256 * kKiB, i));
    lent += place_of(views.back().bytes().data()).shared_memory ? 256 * kKiB : 0;
  }
  EXPECT_EQ(lent, 512 * kKiB);
}

// ---- growth ------------------------------------------------------------------------------------

TEST_F(ShmLoanBudgetTest, TheMemoryGrowsWithTheLoansAndGoesBackWhenLargerOnesNeedIt) {
  auto ends = connect("?loans=25165824");
  const std::size_t before = mapped_memfd_bytes();
  {
    std::vector<Buffer> views;
    for (const std::size_t size : {64 * kKiB, kMiB, 4 * kMiB, 16 * kMiB}) {
      const auto seed = static_cast<unsigned>(size);
      ASSERT_TRUE(ends.first.send_buffer(pattern_loan(ends.first, size, seed)));
      views.push_back(ends.second.receive_buffer().value());
      expect_read_only_view(views.back());
    }
    for (const Buffer& view : views) {
      EXPECT_TRUE(holds_pattern(view, view.size(), static_cast<unsigned>(view.size())));
    }
  }
  EXPECT_GE(mapped_memfd_bytes() - before, 2 * 21 * kMiB) << "each end maps it";
  {
    ASSERT_TRUE(ends.first.send_buffer(pattern_loan(ends.first, 40 * kMiB, 5))) << "alone it may";
    const Buffer view = ends.second.receive_buffer().value();
    EXPECT_TRUE(holds_pattern(view, 40 * kMiB, 5));
    EXPECT_LT(mapped_memfd_bytes() - before, 2 * 41 * kMiB) << "in place of the others";
    EXPECT_EQ(ends.first.loan(4096, 0ms).error(), Code::timed_out);
  }
  ASSERT_TRUE(ends.first.send_buffer(pattern_loan(ends.first, 64 * kKiB, 6)));
  EXPECT_TRUE(holds_pattern(ends.second.receive_buffer().value(), 64 * kKiB, 6));
}

// Small loans that stay leave holes, and each larger one needs new memory.
TEST_F(ShmLoanBudgetTest, LoansThatFindNoPlaceWaitBeforeTheyAreMoreMemoriesThanAPeerAccepts) {
  auto ends = connect("?loans=2097152&ring=16384");
  std::vector<Loan> stay;
  {
    std::vector<Loan> go;
    for (int i = 0; i < 128; ++i) {
      go.push_back(ends.first.loan(12 * kKiB).value());
      stay.push_back(ends.first.loan(4 * kKiB).value());
    }
  }
  std::vector<Buffer> views;
  for (unsigned i = 0; i < 90; ++i) {
    auto loan = ends.first.loan(16 * kKiB, 0ms);
    if (!loan) {
      EXPECT_EQ(loan.error(), Code::timed_out) << loan.error().what();
      break;
    }
    write_pattern(*loan, i);
    ASSERT_TRUE(ends.first.send_buffer(std::move(*loan)));
    views.push_back(ends.second.receive_buffer().value());
    ASSERT_TRUE(holds_pattern(views.back(), 16 * kKiB, i));
  }
  EXPECT_GT(views.size(), 20U);
  EXPECT_LT(views.size(), 90U);
  views.clear();
  EXPECT_TRUE(ends.first.loan(16 * kKiB, 0ms)) << "and what was dropped serves again";
}

// ---- little memory -----------------------------------------------------------------------------

TEST_F(ShmLoanBudgetTest, AnAbsurdLoanIsOverloadedAndTheConnectionGoesOn) {
  ConnectOptions options{.max_message = std::numeric_limits<std::size_t>::max()};
  auto listener = Listener::create(runtime_, "shm://absurd", options).value();
  Connection near;
  std::jthread dialling{[&] { near = troupe::connect(runtime_, "shm://absurd", options).value(); }};
  Connection far = listener.accept().value();
  dialling.join();
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const std::size_t size :
       {std::size_t{1} << 45U, most / 4 + 1, most / 2 + 1, most - 4094, most}) {
    const auto loan = near.loan(size, 0ms);
    ASSERT_FALSE(loan) << size;
    EXPECT_EQ(loan.error(), Code::overloaded) << loan.error().what();
    EXPECT_TRUE(says(loan.error(), std::to_string(size))) << loan.error().what();
  }
  ASSERT_TRUE(near.send_buffer(pattern_loan(near, kMiB)));
  EXPECT_TRUE(holds_pattern(far.receive_buffer().value(), kMiB));
}

TEST_F(ShmLoanBudgetTest, ALoanAboveTheGroupsMemoryIsOverloadedWithTheNumbers) {
  if (kSanitized) {
    GTEST_SKIP() << "the sanitizer's own memory would count";
  }
  const auto group = MemoryCgroup::create(64 * kMiB);
  if (!group) {
    GTEST_SKIP() << "this system does not let this user make a memory cgroup";
  }
  Child bounded{[&] {
    group->enter();
    auto ends = connect();
    // Though twice as much, by which the memory grows otherwise, is not there.
    for (const std::size_t fits : {36 * kMiB, kMiB, 4 * kMiB}) {
      const auto loan = ends.first.loan(64 * kMiB, 0ms);
      ASSERT_FALSE(loan);
      EXPECT_EQ(loan.error(), Code::overloaded) << loan.error().what();
      EXPECT_TRUE(std::regex_search(
          loan.error().what(),
          std::regex{"lend 67108864 bytes: it needs 64 MiB .* has [0-9]{1,2} MiB left"}))
          << loan.error().what();
      Loan taken = ends.first.loan(fits, 0ms).value();
      std::ranges::fill(taken.as<std::size_t>(), fits);
      ASSERT_TRUE(ends.first.send_buffer(std::move(taken)));
      EXPECT_EQ(ends.second.receive_buffer().value().as<std::size_t>().back(), fits);
    }
  }};
  EXPECT_EQ(bounded.join(), 0) << "-7 is SIGBUS, -9 the kernel's choice when memory is short";
}

}  // namespace
}  // namespace troupe::harness
