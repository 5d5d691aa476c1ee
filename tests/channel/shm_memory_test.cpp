// SPDX-License-Identifier: Apache-2.0
// Little memory: a control group of 64 MiB, and a /dev/shm without room, which shm: does not use.
// What the kernel does past a group's limit is to kill; so what is asserted first is that nobody is
// killed. Huge pages are never asked for: that none are set aside, as on this kind of machine and
// in any container, is the state in which all of this runs.
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/memory_cgroup.hpp"
#include "harness/namespaces.hpp"
#include "harness/raw_fd.hpp"
#include "harness/sanitized.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"

#include <fcntl.h>
#include <regex.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::harness {
namespace {

constexpr std::size_t kMiB = 1U << 20U;

// A POSIX extended expression: g++ 12's std::regex does not compile with a sanitizer's warnings.
bool matches(const char* text, const char* expression) {
  regex_t compiled;
  EXPECT_EQ(::regcomp(&compiled, expression, REG_EXTENDED | REG_NOSUB), 0);
  const bool found = ::regexec(&compiled, text, 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

constexpr std::uint64_t kMessages = 10'000;

// `body` with this process's end of a new connection, and an echo at the other end.
void with_echo(Listener& listener, const std::function<void(Connection&)>& body) {
  Child echo{[address = listener.address()] {
    TestRuntime runtime;
    auto end = connect(runtime, address).value();
    echo_all(end);
  }};
  auto end = listener.accept().value();
  body(end);
  end.close();
  EXPECT_EQ(echo.join(), 0);
}

class ShmMemoryTest : public testing::Test {
 protected:
  // `body` in a process whose group, which its children share, has 64 MiB.
  void within_64_mib(const std::function<void()>& body) {
    if (kSanitized) {
      GTEST_SKIP() << "the sanitizer's own memory would count";
    }
    const auto group = MemoryCgroup::create(64 * kMiB);
    if (!group) {
      GTEST_SKIP() << "this system does not let this user make a memory cgroup";
    }
    Child bounded{[&] {
      group->enter();
      body();
    }};
    EXPECT_EQ(bounded.join(), 0) << "-7 is SIGBUS, -9 the kernel's choice when memory is short";
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
};

// Where the listener or the first accept refuses it.
std::optional<Error> refusal_at(TestRuntime& runtime, const Address& address) {
  auto listener = Listener::create(runtime, address);
  if (!listener) {
    return listener.error();
  }
  Child client{[&] {
    TestRuntime own;
    const auto end = connect(own, address);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error(), Code::refused) << end.error().what();
  }};
  const auto end = listener->accept();
  EXPECT_EQ(client.join(), 0);
  return end ? std::nullopt : std::optional{end.error()};
}

TEST_F(ShmMemoryTest, ARingAboveTheGroupsLimitIsRefusedWithTheNumbers) {
  within_64_mib([] {
    const char* const numbers =
        "needs (6[4-9]|1[23][0-9]) MiB .* cgroup has [0-9]{1,2} MiB left; raise its limit "
        "\\(memory.max\\)";
    TestRuntime runtime;
    for (const std::string ring : {"33554432", "67108864"}) {  // one such ring each way
      const auto pair = Pipe<int>::create(runtime, "shm:?ring=" + ring);
      const auto at_listener = refusal_at(runtime, "shm://large?ring=" + ring);
      ASSERT_FALSE(pair);
      ASSERT_TRUE(at_listener) << "more than 64 MiB were taken";
      for (const Error& error : {pair.error(), *at_listener}) {
        EXPECT_EQ(error, Code::overloaded) << error.what();
        EXPECT_TRUE(matches(error.what(), numbers)) << error.what();
      }
    }
  });
}

TEST_F(ShmMemoryTest, ADefaultConnectionWithinItCarriesManyMessages) {
  within_64_mib([] {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://small").value();
    with_echo(listener, [](Connection& end) { bounce_numbers(end, 0, kMessages); });
  });
}

TEST_F(ShmMemoryTest, AGroupFullOfConnectionsRefusesTheNextOneAndServesTheOthers) {
  within_64_mib([] {
    TestRuntime runtime;
    std::vector<ConnectedEnds> pairs;
    const auto use = [](ConnectedEnds& pair) {  // all around its rings, more than once
      for (std::uint64_t first = 0; first < 2000; first += 200) {
        send_numbers(pair.first, first, first + 200);
        receive_numbers(pair.second, first, first + 200);
      }
    };
    const auto fill = [&] {
      for (;;) {
        auto pair =
            connect_ends(runtime, "shm:?ring=1048576", transports::Direction::duplex, false);
        if (!pair) {
          EXPECT_EQ(pair.error(), Code::overloaded) << pair.error().what();
          return;
        }
        pairs.push_back(std::move(*pair));
        ASSERT_LT(pairs.size(), 32U) << "each takes 2 MiB";
        use(pairs.back());
      }
    };
    fill();
    const std::size_t full = pairs.size();
    ASSERT_GT(full, 4U);
    pairs.resize(full - 2);
    fill();
    EXPECT_GT(pairs.size(), full - 2) << "what was closed gave its memory back";
    for (ConnectedEnds& pair : pairs) {
      use(pair);
    }
  });
}

TEST_F(ShmMemoryTest, AFullDevShmHindersNothing) {
  Child boxed{[&] {
    if (!enter_namespaces(CLONE_NEWNS)) {
      ::_exit(kNoNamespaces);
    }
    mount_tmpfs("/dev/shm", "size=64k");
    const UniqueFd filler{::open("/dev/shm/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    const Bytes page(4096);
    while (::write(filler.get(), page.data(), page.size()) > 0) {
    }
    ASSERT_EQ(errno, ENOSPC);
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://elsewhere").value();
    with_echo(listener, [](Connection& end) { bounce_numbers(end, 0, 1000); });
    auto pair = Pipe<int>::create(runtime, "shm:?ring=1048576").value();
    EXPECT_TRUE(pair.first.send(5));
    EXPECT_EQ(pair.second.receive().value(), 5);
  }};
  const int status = boxed.join();
  if (status == kNoNamespaces) {
    GTEST_SKIP() << "this system gives no mount namespace";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace troupe::harness
