// SPDX-License-Identifier: Apache-2.0
// Random kills, stops and cuts of a link under traffic: every ask has one end, every monitor one
// Down, nothing arrives out of its order or in another life, and nothing is left.
// TROUPE_TEST_KILLS sets how many there are over each transport (10).
#include "harness/repetition.hpp"
#include "harness/scheme_name.hpp"
#include "node/cutting_proxy.hpp"
#include "node/talker.hpp"
#include "process/support.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP is POSIX
#include <unistd.h>

#include <chrono>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>

namespace troupe::node_test {
namespace {

using namespace std::chrono_literals;
using ledger::Rest;
using ledger::Talker;
using ledger::Tally;

// Over: where the program listens.
class LinkKillTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    fds_before_ = test::open_fds();
    children_before_ = test::children_of(::getpid());
    start(GetParam());
    if (at_.scheme() != "shm") {
      proxy_.emplace(at_);
    }
  }
  void TearDown() override {
    proxy_.reset();
    EXPECT_EQ(test::open_fds(), fds_before_);
    EXPECT_EQ(test::children_of(::getpid()), children_before_);
  }

  void start(const Address& at) {
    program_.emplace(test::Program::run({TROUPE_TEST_PROGRAM, "ledger", at.text()}));
    at_ = program_->read_line();
    ASSERT_EQ(program_->read_line(), "ready");
  }
  void kill() {
    program_->signal(SIGKILL);
    EXPECT_EQ(program_->read_all(), "");
    (void)program_->wait();
    program_.reset();
  }
  // One of what can happen to a link.
  void strike() {
    const auto choice = random_() % 8;
    if (choice == 0) {
      program_->signal(SIGSTOP);
      std::this_thread::sleep_for(400ms);  // longer than a life without a sign
      program_->signal(SIGCONT);
    } else if (choice < 5 && proxy_) {
      proxy_->cut_after(random_() % 3000);
    } else {
      kill();
      start(at_);
    }
  }
  void a_while() {  // any moment will do
    std::this_thread::sleep_for(std::chrono::microseconds{random_() % 5000});
  }
  // Two of one host would go around the proxy.
  Address address() const { return proxy_ ? Address{proxy_->address().text() + "?shm=off"} : at_; }

 private:
  std::set<int> fds_before_;
  std::set<pid_t> children_before_;
  std::minstd_rand random_ = harness::chance();
  std::optional<test::Program> program_;
  Address at_;
  std::optional<CuttingProxy> proxy_;
};

TEST_P(LinkKillTest, EveryAskAndEveryMonitorHasOneEndWhateverHappensToTheLink) {
  Tally tally;
  {
    RuntimeOptions options;
    options.name = "here";
    options.workers = 2;
    options.detection = 300ms;
    Runtime here{options};
    const auto talker = here.spawn<Talker>(&tally, address());
    for (int i = 0; i < harness::times("TROUPE_TEST_KILLS", 10); ++i) {
      tally.await_answer();
      a_while();
      strike();
    }
    tally.await_answer();
    talker.send(Rest{});
    kill();
    tally.await_ends();
  }
  EXPECT_EQ(tally.wrong(), "");
}

INSTANTIATE_TEST_SUITE_P(Over, LinkKillTest,
                         testing::Values("unix:", "tcp://127.0.0.1:0",
                                         "shm:", "zmq+tcp://127.0.0.1:0", "zmq+ipc:"),
                         harness::scheme_name<const char*>);

}  // namespace
}  // namespace troupe::node_test
