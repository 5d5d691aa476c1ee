// SPDX-License-Identifier: Apache-2.0
// Random kills, stops and cuts of a link under traffic: every ask has one end, every monitor one
// Down, nothing arrives out of its order or in another life, and nothing is left.
// TROUPE_TEST_KILLS sets how many there are over each transport (10).
#include "harness/repetition.hpp"
#include "node/cutting_proxy.hpp"
#include "node/ledger.hpp"
#include "node/subjects.hpp"
#include "process/support.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP is POSIX
#include <unistd.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::node_test {
namespace {

using ledger::Counted;
using ledger::Note;
using ledger::Who;
using Ledger = Protocol<void(Note), std::uint64_t(Counted), std::uint64_t(Who)>;

// What the talker has found; the test looks at it meanwhile.
class Tally final {
 public:
  void began() {
    const std::lock_guard lock{mutex_};
    ++begun_;
  }
  void ended(bool answered) {
    const std::lock_guard lock{mutex_};
    ++ended_;
    answered_ += answered ? 1U : 0U;
    news_.notify_all();
  }
  void watches(std::uint64_t handle) {
    const std::lock_guard lock{mutex_};
    downs_.try_emplace(handle, 0);
  }
  void down(std::uint64_t handle) {
    const std::lock_guard lock{mutex_};
    ++downs_[handle];
    news_.notify_all();
  }

  // Until something is answered that was not yet.
  void await_answer() {
    std::unique_lock lock{mutex_};
    news_.wait(lock, [this, before = answered_] { return answered_ > before; });
  }
  // Until all that was asked has an end, and who is watched has one.
  void await_ends() {
    std::unique_lock lock{mutex_};
    news_.wait(lock, [this] {
      return begun_ == ended_ &&
             std::ranges::all_of(downs_, [](const auto& each) { return each.second > 0; });
    });
  }
  void expect_one_down_each() {
    const std::lock_guard lock{mutex_};
    for (const auto& [handle, downs] : downs_) {
      EXPECT_EQ(downs, 1) << "of handle " << handle;
    }
    EXPECT_EQ(begun_, ended_);
    EXPECT_GT(downs_.size(), 1U);
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  // Guarded by mutex_.
  std::size_t begun_ = 0;
  std::size_t ended_ = 0;
  std::size_t answered_ = 0;
  std::map<std::uint64_t, int> downs_;
};

struct Tick {};
struct Rest {};  // nothing new is begun

// Talks to the ledger, whichever it is, and watches it.
class Talker final {
 public:
  Talker(Tally* tally, Address there) : tally_(*tally), there_(std::move(there)) {}

  void started(Context& context) { ticking_ = context.every(*this, 1ms, Tick{}); }

  void handle(Tick /*tick*/, Context& context) {
    collect();
    if (rests_ || !find(context)) {
      return;
    }
    for (auto count = context.random() % 20; count > 0; --count) {
      send(Note{life_, way_, sent_ + 1, text(context)});
    }
    if (asked_.size() < 16) {
      tally_.began();
      asked_.push_back(ledger_.ask_async(Counted{{life_, way_, ++sent_, ""}}, 1h));
    }
  }
  void handle(Rest /*rest*/) { rests_ = true; }
  void handle(const Down& down) { tally_.down(down.target.number); }

 private:
  // A few are cut into parts.
  static std::string text(Context& context) {
    return std::string(context.random() % 200 == 0 ? 150'000 : context.random() % 30, 'x');
  }
  void send(Note note) {
    if (ledger_.send(std::move(note))) {
      ++sent_;
    }
  }
  bool find(Context& context) {
    if (!named_) {
      const auto node = context.runtime().connect(there_, {}, 1s);
      const auto named = node ? node->find<Ledger>("ledger", 1s) : node.error();
      if (!named) {
        return false;
      }
      named_ = *named;
    }
    const auto now = named_.now();
    if (!now) {
      return false;
    }
    if (now->target().number == ledger_.target().number) {
      return true;
    }
    tally_.began();
    const auto who = now->ask(Who{}, 1h);
    tally_.ended(false);
    if (!who) {
      return false;
    }
    ledger_ = *now;
    life_ = *who;
    ++way_;
    sent_ = 0;
    tally_.watches(ledger_.target().number);
    context.monitor(ledger_);
    return true;
  }
  void collect() {
    std::erase_if(asked_, [this](Future<std::uint64_t>& each) {
      if (!each.ready()) {
        return false;
      }
      tally_.ended(each.get().has_value());
      return true;
    });
  }

  Tally& tally_;
  const Address there_;
  Timer ticking_;
  bool rests_ = false;
  Named<Ledger> named_;
  Ref<Ledger> ledger_;
  std::uint64_t life_ = 0;
  std::uint64_t way_ = 0;
  std::uint64_t sent_ = 0;
  std::vector<Future<std::uint64_t>> asked_;
};

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
  const Address& address() const { return proxy_ ? proxy_->address() : at_; }

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
  tally.expect_one_down_each();
}

INSTANTIATE_TEST_SUITE_P(Over, LinkKillTest, testing::Values("unix:", "tcp://127.0.0.1:0", "shm:"),
                         [](const auto& over) {
                           return std::string{Address{over.param}.scheme()};
                         });

}  // namespace
}  // namespace troupe::node_test
