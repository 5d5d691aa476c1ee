// SPDX-License-Identifier: Apache-2.0
// A node in a process that stands still, or is killed.

#include "harness/scheme_name.hpp"
#include "node/subjects.hpp"
#include "process/support.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP is POSIX
#include <sys/wait.h>

#include <string>
#include <vector>

namespace bank {

struct Who {};  // of the program

}  // namespace bank

namespace troupe::node_test {
namespace {

using Branch = Protocol<int(bank::Who)>;

// Over: where the program listens.
class LostProcessTest : public testing::TestWithParam<const char*> {
 protected:
  LostProcessTest() : address_(program_.read_line() + "?shm=off") {}

  // What `inbox` hears within half a second after the first.
  static std::vector<Down> downs_in(Inbox<Protocol<>>& inbox) {
    std::vector<Down> downs;
    const auto take = [&](Down down) { downs.push_back(std::move(down)); };
    (void)inbox.receive(take, after(30s, [] {}));
    (void)inbox.receive(take, after(500ms, [] {}));
    return downs;
  }
  static RuntimeOptions wary() {
    RuntimeOptions options = named("here");
    options.detection = 300ms;
    return options;
  }

  test::Program program_ = test::Program::run({TROUPE_TEST_PROGRAM, "node", GetParam()});
  const Address address_;
  Runtime here_{wary()};
};

TEST_P(LostProcessTest, OneThatStandsStillIsLostInTheTimeThatWasSetAndFoundAgain) {
  const auto node = here_.connect(address_).value();
  const auto branch = node.find<Branch>("branch").value();
  const Ref<Branch> its = branch.now().value();
  ASSERT_EQ(its.ask(bank::Who{}).value(), program_.pid());
  Inbox<Protocol<>> inbox{here_};
  inbox.context().monitor(its);

  program_.signal(SIGSTOP);
  siginfo_t stopped{};  // all of its threads
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(program_.pid()), &stopped, WSTOPPED), 0);
  auto asked = its.ask_async(bank::Who{}, 1h);
  const auto downs = downs_in(inbox);
  ASSERT_EQ(downs.size(), 1U);
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::unreachable);
  EXPECT_NE(downs[0].reason.what.find("no sign of life for 300 ms"), std::string::npos)
      << downs[0].reason.what;
  const auto answer = asked.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::disconnected);
  EXPECT_EQ(answer.error().effect(), Effect::unknown);

  program_.signal(SIGCONT);
  EXPECT_EQ(branch.ask(bank::Who{}, 30s).value(), program_.pid());
  EXPECT_FALSE(its.ask(bank::Who{})) << "a handle of the old link reaches nobody";
}

TEST_P(LostProcessTest, OneThatIsKilledIsLostOnce) {
  const auto branch = here_.connect(address_).value().find<Branch>("branch").value();
  const Ref<Branch> its = branch.now().value();
  Inbox<Protocol<>> inbox{here_};
  inbox.context().monitor(its);
  auto asked = its.ask_async(bank::Who{}, 1h);
  program_.signal(SIGKILL);
  const auto downs = downs_in(inbox);
  ASSERT_EQ(downs.size(), 1U);
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::unreachable);
  (void)asked.get();  // comes, either way
  EXPECT_FALSE(branch.ask(bank::Who{}, 100ms));
}

INSTANTIATE_TEST_SUITE_P(Over, LostProcessTest,
                         testing::Values("unix:", "tcp://127.0.0.1:0",
                                         "shm:", "zmq+tcp://127.0.0.1:0"),
                         harness::scheme_name<const char*>);

}  // namespace
}  // namespace troupe::node_test
