// SPDX-License-Identifier: Apache-2.0
// CTest runs this once as it is, and once without guards that cost no mapping.
#include "fiber/computation.hpp"
#include "harness/child.hpp"
#include "harness/sanitized.hpp"
#include "troupe/base/os/kernel.hpp"
#include "troupe/runtime/fiber/internal/stack.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace troupe::fiber {
namespace {

const auto kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

// Of this process, in bytes.
std::size_t resident() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t pages = 0;
  file >> all >> pages;
  return pages * kPage;
}

std::size_t mappings() {
  std::ifstream file{"/proc/self/maps"};
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    ++count;
  }
  return count;
}

bool is_resident(std::byte* address) {
  unsigned char resident = 0;
  auto* const page = address - reinterpret_cast<std::uintptr_t>(address) % kPage;
  EXPECT_EQ(::mincore(page, kPage, &resident), 0);
  return (resident & 1U) != 0;
}

TEST(StackPoolTest, TakesWhatWasGivenBackLast) {
  StackPool pool{kSize};
  Stack& first = pool.take();
  Stack& second = pool.take();
  EXPECT_NE(&first, &second);
  pool.give_back(second);
  pool.give_back(first);
  EXPECT_EQ(&pool.take(), &first);
  EXPECT_EQ(&pool.take(), &second);
  EXPECT_EQ(pool.made(), 2U);
  pool.give_back(first);
  pool.give_back(second);
}

TEST(StackPoolTest, ATakenStackIsInNoListAndBelongsToNobody) {
  StackPool pool{kSize};
  Stack& first = pool.take();
  Stack& second = pool.take();
  first.user = &pool;
  pool.give_back(second);
  pool.give_back(first);
  EXPECT_EQ(pool.take().next, nullptr);
  EXPECT_EQ(first.user, nullptr);
  pool.give_back(first);
}

TEST(StackPoolTest, Counts) {
  StackPool pool{kSize};
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(pool.made(), 0U);
  Stack& first = pool.take();
  Stack& second = pool.take();
  pool.give_back(first);
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(pool.made(), 2U);
  EXPECT_EQ(pool.warm(), 1U);
  pool.give_back(second);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(StackPoolTest, AStackHasTheSizeThatWasAskedForAndAGuardBelow) {
  StackPool pool{kSize + 1};
  EXPECT_EQ(pool.stack_bytes(), kSize + kPage);
  Stack& stack = pool.take();
  EXPECT_EQ(stack.guard(), StackGuard::pages);
  const auto usable = static_cast<std::size_t>(stack.top() - stack.bottom());
  EXPECT_LE(usable + sizeof(Stack), pool.stack_bytes());
  EXPECT_GE(usable + 1088, pool.stack_bytes());
  EXPECT_TRUE(stack.is_in_guard(stack.bottom() - 1));
  EXPECT_TRUE(stack.is_in_guard(stack.bottom() - kPage));
  EXPECT_FALSE(stack.is_in_guard(stack.bottom()));
  EXPECT_FALSE(stack.is_in_guard(nullptr));
  std::memset(stack.bottom(), 1, usable);
  pool.give_back(stack);
}

TEST(StackPoolTest, RefusesSizesThatAreNone) {
  for (const std::size_t bytes :
       {std::size_t{0}, StackPool::kSmallest - 1, StackPool::kLargest + 1, SIZE_MAX}) {
    try {
      const StackPool pool{bytes};
      ADD_FAILURE() << bytes;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid_argument);
    }
  }
  EXPECT_EQ(StackPool{StackPool::kSmallest}.stack_bytes(), StackPool::kSmallest);
}

TEST(StackPoolTest, BeyondThoseKeptWarmStacksLoseTheirMemoryAndStayOfUse) {
  StackPool pool{StackPool::kKeptWarm / 2};
  std::vector<Stack*> stacks;
  std::vector<std::byte*> bottoms;
  for (int i = 0; i < 4; ++i) {
    stacks.push_back(&pool.take());
    bottoms.push_back(stacks.back()->bottom());
    *bottoms.back() = std::byte{1};
  }
  for (Stack* const stack : stacks) {
    pool.give_back(*stack);
  }
  EXPECT_EQ(pool.warm(), 2U);
  for (const std::size_t i : {0U, 1U, 2U, 3U}) {
    EXPECT_EQ(is_resident(bottoms[i]), i < 2);
    EXPECT_EQ(is_resident(reinterpret_cast<std::byte*>(stacks[i])), i < 2);
  }

  std::set<Stack*> again;
  ThreadStack thread;
  for (int i = 0; i < 4; ++i) {
    Stack& stack = pool.take();
    again.insert(&stack);
    EXPECT_EQ(stack.guard(), StackGuard::pages);
    start(
        thread.stack(), stack,
        [](void* back) { switch_to(*running(), *static_cast<Stack*>(back)); }, &thread.stack());
  }
  EXPECT_EQ(again, (std::set<Stack*>{stacks.begin(), stacks.end()}));
  EXPECT_EQ(pool.made(), 4U);
  for (Stack* const stack : again) {
    pool.give_back(*stack);
  }
}

TEST(StackPoolTest, AHundredThousandAreSuspendedAtOnceWithAPageEach) {
  const std::size_t count = harness::scaled(100'000);
  struct Waiting {
    Stack* thread;
    Stack* stack;
    long sum;
  };
  StackPool pool{kSize};
  ThreadStack thread;
  std::vector<Waiting> all(count);
  const std::size_t before = resident();
  std::size_t guarded = 0;
  for (Waiting& one : all) {
    one = {&thread.stack(), &pool.take(), 0};
    guarded += one.stack->guard() == StackGuard::pages ? 1 : 0;
    start(
        thread.stack(), *one.stack,
        [](void* argument) {
          for (auto& self = *static_cast<Waiting*>(argument);; ++self.sum) {
            switch_to(*self.stack, *self.thread);
          }
        },
        &one);
  }
  const std::size_t each = (resident() - before) / count;
  std::printf("%zu stacks of %zu bytes: %zu resident, %zu guarded, %zu mappings\n", count, kSize,
              each, guarded, mappings());
  EXPECT_EQ(pool.in_use(), count);
  if (!harness::kSanitized) {
    EXPECT_LT(each, kPage + kPage / 10);
    EXPECT_LT(mappings(), 50'000U) << "the rest of the process needs some";
  }
  if (os::kernel_has(os::KernelFeature::guard_pages)) {
    EXPECT_EQ(guarded, count);
  } else {
    EXPECT_GE(guarded, std::min<std::size_t>(count, 20'000));
  }
  for (int round = 0; round < 2; ++round) {
    for (const Waiting& one : all) {
      switch_to(thread.stack(), *one.stack);
    }
  }
  for (const Waiting& one : all) {
    EXPECT_EQ(one.sum, 2);
    pool.give_back(*one.stack);
  }
  EXPECT_EQ(pool.in_use(), 0U);
  if (!harness::kSanitized) {
    EXPECT_LT(resident(), before + StackPool::kKeptWarm) << "what is not kept warm is given up";
  }
}

TEST(StackPoolTest, GuardsThatAreMappingsComeBackWithTheirPool) {
  const std::size_t count = harness::scaled(20'000);
  const std::size_t before = mappings();
  for (int round = 0; round < 3; ++round) {
    StackPool pool{StackPool::kSmallest};
    std::vector<Stack*> stacks;
    for (std::size_t i = 0; i < count; ++i) {
      stacks.push_back(&pool.take());
      ASSERT_EQ(stacks.back()->guard(), StackGuard::pages);
    }
    for (Stack* const stack : stacks) {
      pool.give_back(*stack);
    }
  }
  EXPECT_LT(mappings(), before + 20);
}

TEST(StackPoolTest, ThreadsTakeAndGiveBackWhatOthersGaveBack) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2'000;
  StackPool pool{kSize};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&pool] {
        ThreadStack thread;
        for (int round = 0; round < kRounds; ++round) {
          Computation first{pool, [](Computation& self) { self.pause(); }};
          Computation second{pool, [](Computation& self) { self.pause(); }};
          first.step(thread);
          second.step(thread);
          first.step(thread);
          EXPECT_TRUE(first.ended());
        }
      });
    }
  }
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_LE(pool.made(), 2U * kThreads);
}

TEST(StackPoolTest, WithoutAddressesItIsOverloadedAndSaysWhatToRaise) {
  if (harness::kSanitized) {
    GTEST_SKIP() << "a sanitizer takes terabytes of addresses";
  }
  harness::Child child{[] {
    const rlimit limit{std::size_t{1} << 30U, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
    StackPool pool{StackPool::kKeptWarm / 2};
    std::vector<Stack*> stacks;
    try {
      for (;;) {
        stacks.push_back(&pool.take());
      }
    } catch (const Error& error) {
      const std::string what = error.what();
      EXPECT_EQ(error.code(), Code::overloaded);
      EXPECT_NE(what.find(std::to_string(stacks.size()) + " of 32768 KiB are in use"),
                std::string::npos)
          << what;
      for (const char* const remedy : {"ulimit -v", "vm.max_map_count", "ActorOptions::stack"}) {
        EXPECT_NE(what.find(remedy), std::string::npos) << what;
      }
    }
    EXPECT_GT(stacks.size(), 10U);
    EXPECT_EQ(pool.in_use(), stacks.size());
    pool.give_back(*stacks.back());
    stacks.back() = &pool.take();
    for (Stack* const stack : stacks) {
      pool.give_back(*stack);
    }
  }};
  EXPECT_EQ(child.join(), 0);
}

TEST(StackPoolTest, GivingBackTheStackThatOneRunsOnIsABug) {
  StackPool pool{kSize};
  ThreadStack thread;
  Computation wrong{pool, [&pool](Computation& self) { pool.give_back(self.stack()); }};
  EXPECT_DEATH(wrong.step(thread), "check failed");
}

// All of it in the process that dies: TSan takes a copy of one that has fibers for racy.
void write_below_a_stack_without_a_guard() {
  std::vector<std::byte> memory(2 * kSize);
  Stack stack{memory.data() + kSize, memory.data() + 2 * kSize, StackGuard::canary};
  ThreadStack thread;
  const auto body = [](void* back) {
    auto& thread_stack = *static_cast<Stack*>(back);
    switch_to(*running(), thread_stack);
    *(running()->bottom() - 8) = std::byte{1};
    switch_to(*running(), thread_stack);
  };
  start(thread.stack(), stack, body, &thread.stack());
  switch_to(thread.stack(), stack);
}

TEST(StackPoolTest, AnOverflowThatOnlyACanarySawEndsTheProcessAtTheNextSwitch) {
  EXPECT_DEATH(write_below_a_stack_without_a_guard(), "stack overflow, noticed late");
}

}  // namespace
}  // namespace troupe::fiber
