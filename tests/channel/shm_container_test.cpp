// SPDX-License-Identifier: Apache-2.0
// Peers that see the machine differently, as containers do: other mounts, processes, System V memory
// and users. All that they share is a folder with the socket. shm: needs no more: its memory has no
// name, and crosses by that socket.
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/namespaces.hpp"
#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <ostream>
#include <string>

namespace troupe::harness {
namespace {

constexpr uid_t kSomebody = 1234;

struct Container {
  std::string name;  // letters only
  int namespaces = 0;
};
std::ostream& operator<<(std::ostream& out, const Container& container) {
  return out << container.name;
}

class ShmContainerTest : public testing::Test {
 protected:
  // Runs `body` in a process whose folder is_seen_at() is ours; its status.
  int run_inside(int namespaces, const std::function<void()>& body) const {
    Child container{[&] {
      if (!enter_namespaces(namespaces)) {
        ::_exit(kNoNamespaces);
      }
      if ((namespaces & CLONE_NEWNS) != 0) {
        mount_tmpfs("/dev/shm");  // nor has it our names of shared memory
        mount_tmpfs(inside_.path());
        TROUPE_CHECK(::mkdir(seen_inside().c_str(), S_IRWXU) == 0);
        bind_mount(outside_.path(), seen_inside());
      }
      Child first{body};  // of a PID namespace, where there is one
      const int status = first.join();
      ::_exit(status < 0 ? 128 - status : status);
    }};
    return container.join();
  }
  std::string seen_inside() const { return inside_.file("volume"); }
  Address address_outside(const std::string& options = {}) const {
    return "shm:" + outside_.file("socket") + options;
  }
  Address address_inside(const std::string& options = {}) const {
    return "shm:" + seen_inside() + "/socket" + options;
  }

  const TemporaryDirectory outside_;
  const TemporaryDirectory inside_;
};

// One who answers every number, then every descriptor by writing to it.
void answer(Connection& end) {
  send_numbers(end, 0, 1000);
  receive_numbers(end, 0, 1000);
  auto fd = end.receive_fd();
  ASSERT_TRUE(fd) << fd.error().what();
  write_raw(fd->get(), "through your descriptor");
}

void ask(Connection& end) {
  receive_numbers(end, 0, 1000);
  send_numbers(end, 0, 1000);
  const auto pipe = raw_pipe();
  ASSERT_TRUE(end.send_fd(pipe.second));
  EXPECT_EQ(text_of(read_raw(pipe.first.get(), 23)), "through your descriptor");
}

class ShmContainersTest : public ShmContainerTest, public testing::WithParamInterface<Container> {};

TEST_P(ShmContainersTest, AClientInsideTalksToAListenerOutside) {
  Child listening{[&] {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, address_outside()).value();
    auto end = listener.accept().value();
    ask(end);
  }};
  const int status = run_inside(GetParam().namespaces, [&] {
    TestRuntime runtime;
    auto end = connect_soon(runtime, address_inside());
    answer(end);
  });
  if (status == kNoNamespaces) {
    GTEST_SKIP() << "this system gives no such namespaces";
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(listening.join(), 0);
}

TEST_P(ShmContainersTest, AClientOutsideTalksToAListenerInside) {
  Child connecting{[&] {
    TestRuntime runtime;
    auto end = connect_soon(runtime, address_outside());
    answer(end);
  }};
  const int status = run_inside(GetParam().namespaces, [&] {
    TestRuntime runtime;
    auto listener = Listener::create(runtime, address_inside()).value();
    auto end = listener.accept().value();
    ask(end);
  });
  if (status == kNoNamespaces) {
    GTEST_SKIP() << "this system gives no such namespaces";
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(connecting.join(), 0);
}

// By itself a PID namespace makes SO_PEERCRED say process 0; a user namespace may hide the user.
INSTANTIATE_TEST_SUITE_P(
    Shm, ShmContainersTest,
    testing::Values(Container{.name = "mounts_and_processes",
                              .namespaces = CLONE_NEWNS | CLONE_NEWPID},
                    Container{.name = "everything",
                              .namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
                                            CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNET}),
    testing::PrintToStringParamName());

// Two containers on one volume: neither sees the other's processes.
TEST_F(ShmContainerTest, TwoContainersThatShareAFolderTalk) {
  constexpr int kApart = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC;
  Child other{[&] {
    ::_exit(run_inside(kApart, [&] {
      TestRuntime runtime;
      auto listener = Listener::create(runtime, address_inside()).value();
      auto end = listener.accept().value();
      ask(end);
    }));
  }};
  const int status = run_inside(kApart, [&] {
    TestRuntime runtime;
    auto end = connect_soon(runtime, address_inside());
    answer(end);
  });
  if (status == kNoNamespaces) {
    GTEST_SKIP() << "this system gives no such namespaces";
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(other.join(), 0);
}

}  // namespace
}  // namespace troupe::harness
