// SPDX-License-Identifier: Apache-2.0
#include "harness/watchdog.hpp"

#include <dirent.h>
#include <execinfo.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace troupe::harness {
namespace {

// Seconds; CTest gives 60.
unsigned patience() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it
  const char* const wished = std::getenv("TROUPE_TEST_PATIENCE");
  return wished != nullptr ? static_cast<unsigned>(std::strtoul(wished, nullptr, 10))
                           : 40 * TROUPE_TEST_TIMEOUT_FACTOR;
}

void say(std::string_view text) noexcept {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

void print_stack(int /*signal*/) {
  std::array<void*, 48> frames{};
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  say("---- a thread is here:\n");
  ::backtrace_symbols_fd(frames.data(), count, STDERR_FILENO);
}

void on_alarm(int /*signal*/) {
  const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
  say("watchdog: the test hangs: ");
  say(test != nullptr ? test->test_suite_name() : "");
  say(".");
  say(test != nullptr ? test->name() : "");
  say("\n");
  struct sigaction action {};
  action.sa_handler = print_stack;
  ::sigaction(SIGUSR2, &action, nullptr);
  print_stack(0);
  const auto self = static_cast<int>(::syscall(SYS_gettid));
  if (DIR* const tasks = ::opendir("/proc/self/task"); tasks != nullptr) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): a DIR of its own
    while (const dirent* const entry = ::readdir(tasks)) {
      const int thread = std::atoi(entry->d_name);  // NOLINT(cert-err34-c): 0 for . and ..
      if (thread > 0 && thread != self) {
        ::syscall(SYS_tgkill, ::getpid(), thread, SIGUSR2);
        const timespec a_while{0, 100'000'000};
        ::nanosleep(&a_while, nullptr);
      }
    }
  }
  std::abort();
}

class Watchdog final : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo& /*test*/) override { watch(); }
  void OnTestEnd(const testing::TestInfo& /*test*/) override { ::alarm(0); }
};

[[maybe_unused]] const bool kInstalled = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new Watchdog);
  return true;
}();

}  // namespace

void watch() noexcept {
  struct sigaction action {};
  action.sa_handler = on_alarm;
  ::sigaction(SIGALRM, &action, nullptr);
  ::alarm(patience());
}

}  // namespace troupe::harness
