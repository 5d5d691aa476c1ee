// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/switch.hpp"

#include "fiber/computation.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <thread>
#include <vector>

namespace troupe::fiber {
namespace {

class SwitchTest : public testing::Test {
 protected:
  StackPool pool_{kSize};
  ThreadStack thread_;
};

// Pauses `depth` frames down, and sums what each frame kept.
[[gnu::noinline]] long pause_deep(Computation& self, long depth) {
  volatile long own = depth;
  if (depth == 0) {
    self.pause();
    return 0;
  }
  const long below = pause_deep(self, depth - 1);
  return below + own;
}

// Not inlined: compilers take the address of errno for constant in a function, and it is the
// thread's.
[[gnu::noinline]] int read_errno() {
  return errno;
}
[[gnu::noinline]] void set_errno(int error) {
  errno = error;
}

TEST_F(SwitchTest, BothSidesKeepTheirLocals) {
  std::vector<int> seen;
  Computation counting{pool_, [&seen](Computation& self) {
                         for (int count = 0; count < 3; ++count) {
                           seen.push_back(count);
                           self.pause();
                         }
                       }};

  for (int step = 0; step < 4; ++step) {
    EXPECT_FALSE(counting.ended());
    seen.push_back(10 * step);
    counting.step(thread_);
  }

  EXPECT_TRUE(counting.ended());
  EXPECT_EQ(seen, (std::vector{0, 0, 10, 1, 20, 2, 30}));
}

TEST_F(SwitchTest, FramesBelowAPauseAreThereAfterIt) {
  long sum = 0;
  Computation summing{pool_, [&sum](Computation& self) { sum = pause_deep(self, 20); }};
  summing.step(thread_);
  EXPECT_EQ(sum, 0);
  summing.step(thread_);
  EXPECT_EQ(sum, 210);
}

TEST_F(SwitchTest, ErrnoIsEachSidesOwn) {
  std::vector<int> seen;
  Computation failing{pool_, [&seen](Computation& self) {
                        seen.push_back(errno);
                        errno = ENOENT;
                        self.pause();
                        seen.push_back(errno);
                      }};
  errno = EPERM;
  failing.step(thread_);
  seen.push_back(errno);
  errno = EINTR;
  failing.step(thread_);
  seen.push_back(errno);
  EXPECT_EQ(seen, (std::vector{0, EPERM, ENOENT, EINTR}));
}

TEST_F(SwitchTest, AComputationRunsOnItsStackAndAThreadOnNone) {
  EXPECT_EQ(running(), nullptr);
  std::vector<Stack*> seen;
  Computation looking{pool_, [&seen](Computation& self) {
                        seen.push_back(running());
                        self.pause();
                        seen.push_back(running());
                      }};
  looking.step(thread_);
  EXPECT_EQ(running(), nullptr);
  looking.step(thread_);
  EXPECT_EQ(running(), nullptr);
  EXPECT_EQ(seen, (std::vector{&looking.stack(), &looking.stack()}));
}

TEST_F(SwitchTest, AComputationStartsAnotherAndTheyTakeTurns) {
  struct Turns {
    Stack& thread;
    Stack& first;
    Stack& second;
    std::vector<int> seen;
  };
  Turns turns{thread_.stack(), pool_.take(), pool_.take(), {}};
  start(
      turns.thread, turns.first,
      [](void* argument) {
        auto& both = *static_cast<Turns*>(argument);
        start(
            both.first, both.second,
            [](void* again) {
              auto& of_both = *static_cast<Turns*>(again);
              of_both.seen.push_back(2);
              switch_to(of_both.second, of_both.first);
              of_both.seen.push_back(4);
              switch_to(of_both.second, of_both.thread);
            },
            argument);
        both.seen.push_back(3);
        switch_to(both.first, both.second);
      },
      &turns);
  EXPECT_EQ(turns.seen, (std::vector{2, 3, 4}));
  pool_.give_back(turns.first);
  pool_.give_back(turns.second);
}

TEST_F(SwitchTest, ASuspendedComputationGoesOnOnAnotherThread) {
  std::vector<int> errors;
  std::vector<Stack*> stacks;
  Computation moving{pool_, [&](Computation& self) {
                       set_errno(ENOENT);
                       self.pause();
                       errors.push_back(read_errno());
                       stacks.push_back(running());
                       set_errno(EBADF);
                       self.pause();
                       errors.push_back(read_errno());
                       stacks.push_back(running());
                     }};
  set_errno(EPERM);
  moving.step(thread_);
  std::jthread{[&] {
    ThreadStack other;
    set_errno(EINTR);
    moving.step(other);
    errors.push_back(read_errno());
    stacks.push_back(running());
  }}.join();
  moving.step(thread_);

  EXPECT_TRUE(moving.ended());
  EXPECT_EQ(read_errno(), EPERM);
  EXPECT_EQ(errors, (std::vector{ENOENT, EINTR, EBADF}));
  EXPECT_EQ(stacks, (std::vector<Stack*>{&moving.stack(), nullptr, &moving.stack()}));
}

TEST_F(SwitchTest, StartForgetsWhatIsSuspendedThere) {
  std::size_t begun = 0;
  Computation deep{pool_, [&begun](Computation& self) {
                     ++begun;
                     std::array<char, 2000> large;
                     large.fill('x');
                     (void)pause_deep(self, 30);
                     FAIL() << large[0];
                   }};
  const std::size_t times = harness::scaled(500'000);
  for (std::size_t i = 0; i < times; ++i) {
    deep.restart();
    deep.step(thread_);
  }
  EXPECT_EQ(begun, times);
}

TEST_F(SwitchTest, ASwitchFromAStackThatTheCallerIsNotOnIsABug) {
  Computation first{pool_, [](Computation& self) { self.pause(); }};
  Computation second{pool_, [](Computation& self) { self.pause(); }};
  first.step(thread_);
  second.step(thread_);
  EXPECT_DEATH(switch_to(first.stack(), second.stack()), "check failed");
}

TEST_F(SwitchTest, AComputationThatReturnsIsABug) {
  Stack& stack = pool_.take();
  EXPECT_DEATH(start(
                   thread_.stack(), stack, [](void* /*argument*/) {}, nullptr),
               "a computation ends by a switch to another");
  pool_.give_back(stack);
}

}  // namespace
}  // namespace troupe::fiber
