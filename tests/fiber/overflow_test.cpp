// SPDX-License-Identifier: Apache-2.0
// The handler stays in a process that has installed it: each case has a process of its own.
#include "troupe/runtime/fiber/internal/overflow.hpp"

#include "fiber/computation.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <thread>

namespace troupe::fiber {
namespace {

constexpr int kByEarlierHandler = 42;

std::size_t describe(const Stack& stack, char* into, std::size_t size) noexcept {
  const std::string_view name{static_cast<const char*>(stack.user)};
  return name.substr(0, size).copy(into, size);
}

// What a process that faults ends with: a sanitizer's report is one status or the other.
bool by_fault(int status) {
  return harness::kSanitized ? !WIFEXITED(status) || WEXITSTATUS(status) != 0
                             : testing::KilledBySignal{SIGSEGV}(status);
}

[[gnu::noinline]] int use_without_end(volatile int* depth) {
  volatile char frame[512];  // NOLINT(modernize-avoid-c-arrays): what is volatile
  frame[0] = static_cast<char>(*depth);
  *depth = *depth + 1;
  return *depth > 0 ? use_without_end(depth) + frame[0] : 0;
}

void overflow(Computation& /*self*/) {
  volatile int depth = 0;
  use_without_end(&depth);
}

// Not through null, which the sanitizer of undefined behaviour looks for.
void write_to_nowhere() {
  void* const memory = ::mmap(nullptr, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *static_cast<volatile char*>(memory) = 1;
}

void run_on_a_stack(Computation::Body body, DescribeStack described_by = describe) {
  const OverflowGuard guard{described_by};
  StackPool pool{kSize};
  ThreadStack thread;
  Computation computation{pool, std::move(body)};
  char name[] = "the handler of Order in actor 'till'";  // NOLINT(modernize-avoid-c-arrays): void*
  computation.stack().user = name;
  computation.step(thread);
}

void say(std::string_view text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

// There before the guard.
void install_earlier_handler() {
  struct sigaction action {};
  action.sa_handler = [](int signal) {
    say(signal == SIGSEGV ? "the earlier handler\n" : "a wrong signal\n");
    ::_exit(kByEarlierHandler);
  };
  ASSERT_EQ(::sigaction(SIGSEGV, &action, nullptr), 0);
}

constexpr auto kToldOnce =
    "^troupe: stack overflow in the handler of Order in actor 'till'; "
    "give it a larger stack \\(ActorOptions::stack\\), or use less\n";

TEST(OverflowDeathTest, SaysWhatRanThereAndEndsTheProcess) {
  EXPECT_EXIT(run_on_a_stack(overflow), by_fault, kToldOnce);
}

TEST(OverflowDeathTest, SaysSoOnEachThreadThatHasAGuard) {
  EXPECT_EXIT(std::jthread{[] { run_on_a_stack(overflow); }}.join(), by_fault, kToldOnce);
}

TEST(OverflowDeathTest, WithoutADescriptionItIsAnOverflowAllTheSame) {
  EXPECT_EXIT(run_on_a_stack(overflow, nullptr), by_fault, "stack overflow in an unknown handler;");
}

TEST(OverflowDeathTest, GoesOnToTheEarlierHandler) {
  const auto both = [] {
    install_earlier_handler();
    run_on_a_stack(overflow);
  };
  EXPECT_EXIT(both(), testing::ExitedWithCode(kByEarlierHandler),
              "^troupe: stack overflow in the handler.*\nthe earlier handler\n$");
}

TEST(OverflowDeathTest, AFaultElsewhereIsTheEarlierHandlersAlone) {
  const auto elsewhere = [] {
    install_earlier_handler();
    run_on_a_stack([](Computation& /*self*/) { write_to_nowhere(); });
  };
  EXPECT_EXIT(elsewhere(), testing::ExitedWithCode(kByEarlierHandler), "^the earlier handler\n$");
}

TEST(OverflowDeathTest, AFaultOfAThreadWithoutAGuardIsTheEarlierHandlersAlone) {
  const auto unguarded = [] {
    install_earlier_handler();
    const OverflowGuard guard{describe};
    std::jthread{write_to_nowhere}.join();
  };
  EXPECT_EXIT(unguarded(), testing::ExitedWithCode(kByEarlierHandler), "^the earlier handler\n$");
}

TEST(OverflowDeathTest, AFaultInTheGuardOfAnotherStackIsTheEarlierHandlersAlone) {
  const auto other = [] {
    install_earlier_handler();
    run_on_a_stack([](Computation& /*self*/) {
      StackPool pool{kSize};
      Stack& not_running = pool.take();
      *const_cast<volatile std::byte*>(not_running.bottom() - 1) = std::byte{1};
    });
  };
  EXPECT_EXIT(other(), testing::ExitedWithCode(kByEarlierHandler), "^the earlier handler\n$");
}

TEST(OverflowDeathTest, AFaultElsewhereEndsTheProcessWhereNobodyElseHandlesIt) {
  EXPECT_EXIT(run_on_a_stack([](Computation& /*self*/) { write_to_nowhere(); }), by_fault,
              harness::kSanitized ? "" : "^$");
}

TEST(OverflowDeathTest, ASignalThatWasSentEndsTheProcessToo) {
  const auto sent = [] {
    const OverflowGuard guard{describe};
    ::raise(SIGSEGV);
    say("still there\n");
    ::_exit(0);
  };
  EXPECT_EXIT(sent(), by_fault, harness::kSanitized ? "" : "^$");
}

TEST(OverflowDeathTest, ASignalThatWasSentStaysIgnored) {
  const auto ignored = [] {
    ::signal(SIGSEGV, SIG_IGN);
    const OverflowGuard guard{describe};
    ::raise(SIGSEGV);
    ::raise(SIGSEGV);
    ::_exit(0);
  };
  EXPECT_EXIT(ignored(), testing::ExitedWithCode(0), "^$");
}

TEST(OverflowDeathTest, TheThreadHasItsSignalStackBackAfterwards) {
  const auto nested = [] {
    stack_t before{};
    stack_t during{};
    stack_t after{};
    ::sigaltstack(nullptr, &before);
    {
      const OverflowGuard outer{describe};
      const OverflowGuard inner{nullptr};
      ::sigaltstack(nullptr, &during);
    }
    ::sigaltstack(nullptr, &after);
    ::_exit(during.ss_sp != before.ss_sp && (during.ss_flags & SS_DISABLE) == 0 &&
                    after.ss_sp == before.ss_sp && after.ss_flags == before.ss_flags
                ? 0
                : 1);
  };
  EXPECT_EXIT(nested(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace troupe::fiber
