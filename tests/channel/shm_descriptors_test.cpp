// SPDX-License-Identifier: Apache-2.0
// Few descriptors: a process that may have no more of them is told so, goes on with the connections
// it has, and makes new ones when it has closed some.
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/sanitized.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <sys/resource.h>

#include <deque>
#include <thread>
#include <vector>

namespace troupe::harness {
namespace {

constexpr rlim_t kFew = 20;

void allow_descriptors(rlim_t count) {
  const rlimit limit{count, count};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

std::size_t free_descriptors() {
  std::vector<UniqueFd> taken;
  while (auto fd = UniqueFd::duplicate(0)) {
    taken.push_back(std::move(*fd));
  }
  return taken.size();
}

// The sanitizer of undefined behaviour opens a pipe to look at a type, and fails without.
class ShmDescriptorsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) {
      GTEST_SKIP() << "the sanitizer wants descriptors that there are not";
    }
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
};

void echo_in_a_thread(std::vector<std::jthread>& threads, Connection end) {
  threads.emplace_back([end = std::move(end)]() mutable { echo_all(end); });
}

// Accepts until it is told that no descriptors are left, and checks that all it has still work.
void accept_until_refused(Listener& listener, std::deque<Connection>& ends) {
  for (;;) {
    auto end = listener.accept();
    if (!end) {
      EXPECT_EQ(end.error(), Code::overloaded) << end.error().what();
      EXPECT_TRUE(says(end.error(), "ulimit -n")) << end.error().what();
      break;
    }
    ends.push_back(std::move(*end));
  }
  for (Connection& end : ends) {
    bounce_numbers(end, 0, 50);
  }
}

TEST_F(ShmDescriptorsTest, AListenerWithoutDescriptorsSaysSoAndServesThoseItHas) {
  const auto done = raw_pipe();
  Child clients{[&] {  // one more, as soon as the last one is accepted or refused
    TestRuntime runtime;
    std::vector<std::jthread> echoes;
    while (!is_readable(done.first.get())) {
      if (auto end = connect(runtime, "shm://few", {}, forever)) {
        echo_in_a_thread(echoes, std::move(*end));
      }
    }
  }};
  Child few{[&] {
    TestRuntime runtime;
    allow_descriptors(kFew);
    auto listener = Listener::create(runtime, "shm://few").value();
    std::deque<Connection> ends;
    accept_until_refused(listener, ends);
    const std::size_t full = ends.size();
    ASSERT_GE(full, 1U);
    for (int round = 0; round < 3; ++round) {
      ends.pop_front();
      accept_until_refused(listener, ends);
      EXPECT_EQ(ends.size(), full) << "what was closed gave its descriptors back";
    }
  }};
  EXPECT_EQ(few.join(), 0);
  write_raw(done.second.get(), "!");
  EXPECT_EQ(clients.join(), 0);
}

// Whichever descriptor of a connection is the one too many.
TEST_F(ShmDescriptorsTest, AClientIsToldHoweverManyItLacks) {
  const auto done = raw_pipe();
  Child listening{[&] {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://many").value();
    std::vector<std::jthread> echoes;
    while (!is_readable(done.first.get())) {
      if (auto end = listener.accept(std::chrono::milliseconds{20})) {
        echo_in_a_thread(echoes, std::move(*end));
      }
    }
  }};
  Child few{[&] {
    TestRuntime runtime;
    auto first = connect_soon(runtime, "shm://many");
    bounce_numbers(first, 0, 50);
    allow_descriptors(kFew + 10);  // enough for two, all in all
    std::vector<UniqueFd> held;
    while (auto fd = UniqueFd::duplicate(0)) {
      held.push_back(std::move(*fd));
    }
    for (std::size_t left = 0;; ++left) {
      auto end = connect(runtime, "shm://many");
      bounce_numbers(end ? *end : first, 0, 50);
      if (end) {
        EXPECT_GT(left, 0U);
        return;
      }
      // Malformed is what a message is whose descriptors were cut off.
      EXPECT_TRUE(end.error() == Code::overloaded || end.error() == Code::malformed)
          << end.error().what();
      EXPECT_TRUE(says(end.error(), "ulimit -n")) << end.error().what();
      EXPECT_EQ(free_descriptors(), left);
      ASSERT_FALSE(held.empty());
      held.pop_back();
    }
  }};
  EXPECT_EQ(few.join(), 0);
  write_raw(done.second.get(), "!");
  EXPECT_EQ(listening.join(), 0);
}

}  // namespace
}  // namespace troupe::harness
