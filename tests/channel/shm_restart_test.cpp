// SPDX-License-Identifier: Apache-2.0
// A peer that is killed and started again: the name is free at once, whoever lived on connects or
// accepts again, and neither the directory nor the survivor keeps anything of the dead one.
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/repetition.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace troupe::harness {
namespace {

constexpr std::uint64_t kMessages = 200;

class ShmRestartTest : public testing::Test {
 protected:
  // What is in the private directory.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{directory_.path()}) {
      if (!entry.is_directory()) {
        names.push_back(entry.path().filename());
      }
    }
    return names;
  }
  const std::vector<std::string> only_socket_{"restarted.shm"};

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
};

// Serves any number of clients until it is killed.
void serve_for_ever() {
  TestRuntime runtime;
  auto listener = Listener::create(runtime, "shm://restarted").value();
  std::vector<std::jthread> echoes;
  for (;;) {
    echoes.emplace_back([end = listener.accept().value()]() mutable { echo_all(end); });
  }
}

// Waits for the end of a connection whose peer is dead.
void expect_end(Connection& end) {
  Result<Bytes> message = end.receive_bytes();
  while (message) {
    message = end.receive_bytes();
  }
  EXPECT_EQ(message.error(), Code::closed) << message.error().what();
}

TEST_F(ShmRestartTest, AListenerThatIsStartedAgainIsFoundUnderItsName) {
  const std::size_t fds = open_fds();
  const std::size_t mappings = mapped_memfds();
  for (int kill = 0; kill < kills(); ++kill) {
    Child listening{serve_for_ever};  // under the name that the last one was killed with
    TestRuntime runtime;
    std::vector<Connection> ends;
    for (int client = 0; client < 3; ++client) {
      ends.push_back(connect_soon(runtime, "shm://restarted"));
      bounce_numbers(ends.back(), 0, kMessages);
    }
    EXPECT_EQ(files(), only_socket_);
    listening.kill_and_reap();
    for (Connection& end : ends) {
      expect_end(end);
    }
    EXPECT_EQ(connect(runtime, "shm://restarted").error(), Code::not_found);
  }
  EXPECT_EQ(files(), only_socket_);
  EXPECT_EQ(open_fds(), fds);
  EXPECT_EQ(mapped_memfds(), mappings);
}

TEST_F(ShmRestartTest, AClientThatIsStartedAgainIsServedAgain) {
  const auto done = raw_pipe();
  Child listening{[&] {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, "shm://restarted").value();
    std::size_t fds = 0;
    std::size_t mappings = 0;
    for (int kill = 0; kill < kills(); ++kill) {
      auto end = listener.accept().value();
      bounce_numbers(end, 0, kMessages);
      write_raw(done.second.get(), "!");
      expect_end(end);
      end.close();
      if (kill == 0) {  // what the first one needs stays for the others
        fds = open_fds();
        mappings = mapped_memfds();
      }
      EXPECT_EQ(open_fds(), fds);
      EXPECT_EQ(mapped_memfds(), mappings);
    }
  }};
  for (int kill = 0; kill < kills(); ++kill) {
    Child client{[] {
      TestRuntime runtime;
      auto end = connect_soon(runtime, "shm://restarted");
      echo_all(end);
    }};
    (void)read_raw(done.first.get(), 1);
    EXPECT_EQ(files(), only_socket_);
    client.kill_and_reap();
  }
  EXPECT_EQ(listening.join(), 0);
  EXPECT_TRUE(files().empty()) << "a listener that ends in order takes its socket away";
}

// Both at once: whoever comes first finds the other's successor.
TEST_F(ShmRestartTest, BothAreStartedAgain) {
  const std::size_t fds = open_fds();
  for (int kill = 0; kill < kills(); ++kill) {
    const auto met = raw_pipe();
    Child client{[&] {
      TestRuntime runtime;
      auto end = connect_soon(runtime, "shm://restarted");
      bounce_numbers(end, 0, kMessages);
      write_raw(met.second.get(), "!");
      ::pause();
    }};
    Child listening{serve_for_ever};
    (void)read_raw(met.first.get(), 1);
    EXPECT_EQ(files(), only_socket_);
  }
  EXPECT_EQ(open_fds(), fds);
}

}  // namespace
}  // namespace troupe::harness
