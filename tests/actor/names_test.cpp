// SPDX-License-Identifier: Apache-2.0
// Names: taken, freed, taken again; found by who waits; refused to who expects something else.
#include "harness/sanitized.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace troupe::actor_tests {
namespace {

using namespace std::chrono_literals;

struct Deposit {
  long amount;
};
struct Balance {};
struct Reset {};
struct Quit {};

class Account {
 public:
  using Accepts = Protocol<long(Deposit), long(Balance)>;
  explicit Account(long balance = 0) : balance_(balance) {}
  long handle(Deposit deposit) { return balance_ += deposit.amount; }
  long handle(Balance) const { return balance_; }
  void handle(Quit, Context& context) { context.stop(); }

 private:
  long balance_;
};

// Has the same message, but answers something else.
class Register {
 public:
  using Accepts = Protocol<void(Deposit)>;
  void handle(Deposit) {}
};

class Silent {
 public:
  void handle(Reset) {}
};

using Balances = Protocol<long(Balance)>;

class NamesTest : public testing::Test {
 protected:
  void end(const Ref<Account>& account) {
    ASSERT_TRUE(account.send(Quit{}));
    // The last that it does is answered by nobody.
    (void)account.ask(Balance{}, 60s);
  }

  std::mutex mutex;
  std::vector<std::string> lines;
  Runtime runtime{RuntimeOptions{.workers = 2, .log = [this](std::string_view line) {
                                   const std::lock_guard lock{mutex};
                                   lines.emplace_back(line);
                                 }}};
};

TEST_F(NamesTest, ANameReachesTheActorThatHasIt) {
  auto account = runtime.spawn<Account>(5);
  ASSERT_TRUE(runtime.register_name("savings", account));
  Named<Account> named = runtime.named<Account>("savings");
  EXPECT_EQ(named.ask(Deposit{2}).value(), 7);
  EXPECT_TRUE(named.send(Deposit{1}));
  EXPECT_EQ(named.ask_async(Balance{}).get(60s).value(), 8);
  EXPECT_EQ(named.now().value(), account);
}

TEST_F(NamesTest, ANameThatALivingActorHasIsNotTaken) {
  auto one = runtime.spawn<Account>();
  auto two = runtime.spawn<Account>();
  ASSERT_TRUE(runtime.register_name("a", one));
  EXPECT_EQ(runtime.register_name("a", two).error(), Code::exists);
  EXPECT_TRUE(runtime.register_name("a", one)) << "its own";
  EXPECT_TRUE(runtime.register_name("b", one)) << "another one";
  EXPECT_EQ(runtime.named<Account>("a").now().value(), one);
}

TEST_F(NamesTest, TheNameOfAnActorThatHasEndedIsFree) {
  auto one = runtime.spawn<Account>(1);
  ASSERT_TRUE(runtime.register_name("a", one));
  Named<Account> named = runtime.named<Account>("a");
  end(one);
  EXPECT_EQ(named.now().error(), Code::not_found);
  EXPECT_EQ(named.send(Deposit{1}).code(), Code::closed);
  EXPECT_EQ(runtime.register_name("a", one).error(), Code::closed) << "it has ended";
  auto two = runtime.spawn<Account>(2);
  ASSERT_TRUE(runtime.register_name("a", two));
  EXPECT_EQ(named.ask(Balance{}).value(), 2);
}

TEST_F(NamesTest, NamesAreWrong) {
  EXPECT_EQ(runtime.register_name("", runtime.spawn<Account>()).error(), Code::invalid_argument);
  EXPECT_EQ(runtime.register_name("a", Ref<Account>{}).error(), Code::closed);
}

TEST_F(NamesTest, ANameNobodyHasIsWaitedForByAnAskAndNotByASend) {
  Named<Account> named = runtime.named<Account>("late");
  EXPECT_EQ(named.send(Deposit{1}).code(), Code::closed);
  EXPECT_EQ(named.ask_async(Balance{}).get(60s).error(), Code::not_found);
  EXPECT_EQ(named.ask(Balance{}, 1ms).error(), Code::timed_out);
  std::thread later{[&] {
    const RuntimeCore::Scope scope{runtime};
    (void)runtime.register_name("late", runtime.spawn<Account>(3)).has_value();
  }};
  EXPECT_EQ(named.ask(Balance{}, 60s).value(), 3);
  later.join();
}

TEST_F(NamesTest, AMessageThatNobodyIsThereForStaysWithItsSenderAndIsCounted) {
  const std::string ended = "troupe_messages_dropped_total{cause=\"ended\"}";
  struct Text {
    std::string text;
  };
  using Texts = Protocol<void(Text)>;
  const auto before = runtime.stats().counters.at(ended);
  Text text{"kept: longer than what fits into the string itself"};
  EXPECT_FALSE(runtime.named<Texts>("nobody").send(std::move(text)));
  // NOLINTNEXTLINE(bugprone-use-after-move): it was not taken
  EXPECT_EQ(text.text, "kept: longer than what fits into the string itself");
  EXPECT_FALSE(runtime.named<Texts>("nobody").send(std::move(text)));
  EXPECT_EQ(runtime.stats().counters.at(ended), before + 2);
  const std::lock_guard lock{mutex};
  EXPECT_EQ(lines.size(), 1U) << "it is said once";
}

TEST_F(NamesTest, FindWaitsUntilTheNameIsTakenAndIsWoken) {
  std::latch waiting{2};
  const auto wait = [&] {
    const RuntimeCore::Scope scope{runtime};
    waiting.count_down();
    EXPECT_EQ(runtime.find<Account>("soon", 60s).value().ask(Balance{}).value(), 9);
  };
  std::thread one{wait};
  std::thread two{wait};
  waiting.wait();
  ASSERT_TRUE(runtime.register_name("soon", runtime.spawn<Account>(9)));
  one.join();
  two.join();
}

TEST_F(NamesTest, FindOnAFiberLetsTheOneItWaitsForRun) {
  Runtime single{RuntimeOptions{.workers = 1}};
  struct Find {};
  class Comer {
   public:
    using Accepts = Protocol<long(Balance), void(Reset)>;
    long handle(Balance) { return 4; }
    void handle(Reset, Context& context) {
      context.runtime().register_name("soon", context.self_as<Accepts>()).value();
    }
  };
  class Seeker {
   public:
    long handle(Find, Context& context) {
      return context.runtime().find<Balances>("soon", 60s).value().ask(Balance{}).value();
    }
  };
  auto seeker = single.spawn<Seeker>();
  auto comer = single.spawn<Comer>();
  auto found = seeker.ask_async(Find{}, 60s);
  ASSERT_TRUE(comer.send(Reset{}));
  EXPECT_EQ(found.get(60s).value(), 4);
}

TEST_F(NamesTest, FindTimesOutAndEndsWithTheRuntime) {
  EXPECT_EQ(runtime.find<Account>("never", 1ms).error(), Code::timed_out);
  std::latch waiting{1};
  std::thread waits{[&] {
    const RuntimeCore::Scope scope{runtime};
    waiting.count_down();
    EXPECT_EQ(runtime.find<Account>("never", forever).error(), Code::cancelled);
  }};
  waiting.wait();
  (void)runtime.stop(1s);
  waits.join();
}

TEST_F(NamesTest, WhoDoesNotCoverWhatIsExpectedIsRefusedAndBothAreNamed) {
  ASSERT_TRUE(runtime.register_name("a", runtime.spawn<Account>(1)));
  using Resets = Protocol<void(Reset)>;
  const auto missing = runtime.named<Resets>("a").ask(Reset{});
  EXPECT_EQ(missing.error(), Code::refused);
  const std::string what = missing.error().what();
  EXPECT_NE(what.find("Account"), std::string::npos) << what;
  EXPECT_NE(what.find("Protocol<void"), std::string::npos) << what;
  EXPECT_NE(what.find("Reset"), std::string::npos) << what;
  EXPECT_EQ(runtime.find<Resets>("a").error(), Code::refused);
  EXPECT_EQ(runtime.named<Resets>("a").send(Reset{}).code(), Code::refused);
  EXPECT_EQ(runtime.named<Register>("a").now().error(), Code::refused) << "another class";
}

TEST_F(NamesTest, AReplyOfAnotherTypeIsAnotherMessage) {
  ASSERT_TRUE(runtime.register_name("a", runtime.spawn<Account>(1)));
  EXPECT_EQ(runtime.named<Protocol<void(Deposit)>>("a").now().error(), Code::refused);
  EXPECT_EQ((runtime.named<Protocol<Result<long>(Deposit)>>("a").ask(Deposit{1}).value()), 2);
  static_assert(!std::is_convertible_v<Ref<Account>, Ref<Protocol<void(Deposit)>>>);
  static_assert(std::is_convertible_v<Ref<Account>, Ref<Protocol<long(Deposit)>>>);
}

TEST_F(NamesTest, WhatTheActorWasRegisteredAsIsWhatItIs) {
  Ref<Account> account = runtime.spawn<Account>(1);
  ASSERT_TRUE(runtime.register_name("narrow", Ref<Balances>{account}));
  EXPECT_EQ(runtime.named<Balances>("narrow").ask(Balance{}).value(), 1);
  EXPECT_EQ(runtime.named<Account>("narrow").now().error(), Code::refused);
}

TEST_F(NamesTest, AClassWithoutAcceptsIsReachedAsItselfOnly) {
  ASSERT_TRUE(runtime.register_name("silent", runtime.spawn<Silent>()));
  EXPECT_TRUE(runtime.named<Silent>("silent").send(Reset{}));
  const auto refused = runtime.named<Protocol<void(Reset)>>("silent").now();
  EXPECT_EQ(refused.error(), Code::refused);
  EXPECT_NE(std::string{refused.error().what()}.find("no Accepts"), std::string::npos);
}

TEST_F(NamesTest, ASuccessorOfAnotherClassIsRefusedToWhoMeantTheFirst) {
  auto account = runtime.spawn<Account>(1);
  ASSERT_TRUE(runtime.register_name("a", account));
  Named<Account> named = runtime.named<Account>("a");
  end(account);
  ASSERT_TRUE(runtime.register_name("a", runtime.spawn<Register>()));
  EXPECT_EQ(named.ask(Balance{}).error(), Code::refused);
}

TEST_F(NamesTest, AHandleMadeFromARefStaysWithThatIncarnation) {
  auto account = runtime.spawn<Account>(1);
  const Named<Balances> one = account;
  const Named<Account> whole = account;
  EXPECT_EQ(one.ask(Balance{}).value(), 1);
  EXPECT_EQ((Named<Balances>{whole}), one);
  end(account);
  EXPECT_EQ(one.ask(Balance{}, 60s).error(), Code::closed);
}

TEST_F(NamesTest, AnEmptyHandleIsClosed) {
  const Named<Account> empty;
  EXPECT_FALSE(empty);
  EXPECT_EQ(empty.send(Deposit{1}).code(), Code::closed);
  EXPECT_EQ(empty.ask(Deposit{1}).error(), Code::closed);
  EXPECT_EQ(empty.ask_async(Deposit{1}).get().error(), Code::closed);
  EXPECT_EQ(empty.now().error(), Code::closed);
}

TEST_F(NamesTest, AFunctionActorHasAName) {
  auto ref = runtime.spawn_function<Balances>([](Inbox<Balances>& inbox) {
    while (inbox.receive([](Balance) { return 6L; })) {
    }
  });
  ASSERT_TRUE(runtime.register_name("function", ref));
  EXPECT_EQ(runtime.named<Balances>("function").ask(Balance{}).value(), 6);
}

TEST_F(NamesTest, NamesComeAndGoUnderLoad) {
  constexpr int kRounds = harness::kSanitized ? 200 : 1'000;
  std::atomic<int> taken{0};
  const auto take = [&] {
    const RuntimeCore::Scope scope{runtime};
    for (int i = 0; i < kRounds; ++i) {
      auto account = runtime.spawn<Account>(i);
      if (runtime.register_name("contended", account)) {
        ++taken;
      }
      account.stop();
    }
  };
  const auto ask = [&] {
    const RuntimeCore::Scope scope{runtime};
    const Named<Account> named = runtime.named<Account>("contended");
    for (int i = 0; i < kRounds; ++i) {
      const auto answer = named.ask(Balance{}, 1ms);
      ASSERT_TRUE(answer || answer.error() != Code::refused);
    }
  };
  std::thread one{take};
  std::thread two{take};
  std::thread three{ask};
  one.join();
  two.join();
  three.join();
  EXPECT_GT(taken, 0);
  // In the end nobody has it: not one that ended kept it.
  (void)runtime.find<Account>("never", 1ms);
  Named<Account> named = runtime.named<Account>("contended");
  while (named.now()) {
    std::this_thread::yield();
  }
  EXPECT_EQ(named.now().error(), Code::not_found);
}

}  // namespace
}  // namespace troupe::actor_tests
