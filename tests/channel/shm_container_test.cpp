// SPDX-License-Identifier: Apache-2.0
// Peers that see the machine differently, as containers do: other mounts, processes, System V
// memory and users. All that they share is a folder with the socket. shm: needs no more: its memory
// has no name, and crosses by that socket.
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/namespaces.hpp"
#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/base/check.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <grp.h>
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
      // Of a PID namespace, where there is one: /proc, still the machine's, knows no /proc/self.
      Child first{body};
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
INSTANTIATE_TEST_SUITE_P(Shm, ShmContainersTest,
                         testing::Values(Container{.name = "mounts_and_processes",
                                                   .namespaces = CLONE_NEWNS | CLONE_NEWPID},
                                         Container{.name = "everything",
                                                   .namespaces = CLONE_NEWNS | CLONE_NEWPID |
                                                                 CLONE_NEWIPC | CLONE_NEWUSER |
                                                                 CLONE_NEWUTS | CLONE_NEWNET}),
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

// Where a user namespace does not know the other's user, it could be anybody.
class ShmUnknownUserTest : public ShmContainerTest {
 protected:
  void SetUp() override {
    if (!is_root()) {
      GTEST_SKIP() << "only root can be another user";
    }
    // The folder and what is made in it are everybody's: what refuses is not the file system.
    ASSERT_EQ(::chmod(outside_.path().c_str(), S_IRWXU | S_IRWXG | S_IRWXO), 0);
    ::umask(0);
  }
  void TearDown() override { ::umask(umask_); }

  static void become_somebody() {
    TROUPE_CHECK(::setgroups(0, nullptr) == 0 && ::setgid(kSomebody) == 0);
    TROUPE_CHECK(::setuid(kSomebody) == 0);
  }

 private:
  const mode_t umask_ = ::umask(S_IRWXG | S_IRWXO);
};

constexpr int kNotKnown = CLONE_NEWNS | CLONE_NEWUSER;

TEST_F(ShmUnknownUserTest, AListenerThatIsUnknownIsRefusedClearlyUnlessAnybodyMayBe) {
  Child listening{[&] {
    become_somebody();
    TestRuntime runtime;
    auto listener = Listener::create(runtime, address_outside()).value();
    auto end = listener.accept().value();
    while (!end.poll(forever)) {  // that was the one who would not
      end = listener.accept().value();
    }
    ask(end);
  }};
  const int status = run_inside(kNotKnown, [&] {
    TestRuntime runtime;
    auto refused = connect(runtime, address_inside());
    while (refused.error() == Code::not_found) {  // it is about to come
      refused = connect(runtime, address_inside());
    }
    EXPECT_EQ(refused.error(), Code::refused) << refused.error().what();
    EXPECT_TRUE(says(refused.error(), "another user; add ?peers=any")) << refused.error().what();
    auto end = connect(runtime, address_inside("?peers=any")).value();
    answer(end);
  });
  if (status == kNoNamespaces) {
    GTEST_SKIP() << "this system gives no user namespace";
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(listening.join(), 0);
}

TEST_F(ShmUnknownUserTest, AClientThatIsUnknownIsRefusedUnlessAnybodyMayBe) {
  const auto done = raw_pipe();
  Child connecting{[&] {
    become_somebody();
    TestRuntime runtime;
    auto end = connect_soon(runtime, address_outside(".any"));
    const auto refused = connect(runtime, address_outside());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Code::refused) << refused.error().what();
    write_raw(done.second.get(), "!");
    answer(end);
  }};
  const int status = run_inside(kNotKnown, [&] {
    TestRuntime runtime;
    auto choosy = Listener::create(runtime, address_inside()).value();
    auto listener = Listener::create(runtime, address_inside(".any?peers=any")).value();
    auto end = listener.accept().value();
    while (!is_readable(done.first.get())) {
      EXPECT_EQ(choosy.accept(std::chrono::milliseconds{1}).error(), Code::timed_out);
    }
    ask(end);
  });
  if (status == kNoNamespaces) {
    GTEST_SKIP() << "this system gives no user namespace";
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(connecting.join(), 0);
}

}  // namespace
}  // namespace troupe::harness
