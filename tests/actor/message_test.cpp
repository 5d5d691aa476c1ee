// SPDX-License-Identifier: Apache-2.0
// What can be sent to an actor, and what comes back.
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace troupe::actor_test {
namespace {

struct Deposit {
  long amount;
};
struct Balance {};
struct Reset {};

class Account final {
 public:
  using Accepts = Protocol<long(Deposit), long(Balance), void(Reset)>;
  long handle(Deposit deposit) { return balance_ += deposit.amount; }
  long handle(Balance /*balance*/) const { return balance_; }
  void handle(Reset /*reset*/) { balance_ = 0; }

 private:
  long balance_ = 0;
};

TEST(ActorMessageTest, AnAskGivesWhatItsHandlerReturns) {
  Runtime runtime{workers(2)};
  const auto account = runtime.spawn<Account>();
  EXPECT_TRUE(account.send(Deposit{3}));
  EXPECT_EQ(account.ask(Deposit{4}).value(), 7);
  EXPECT_TRUE(account.ask(Reset{}));
  EXPECT_EQ(account.ask(Balance{}).value(), 0);
}

TEST(ActorMessageTest, ARefToAProtocolReachesPartOfWhatItsActorAccepts) {
  Runtime runtime{workers(2)};
  const Ref<Account> account = runtime.spawn<Account>();
  const Ref<Protocol<long(Balance), long(Deposit)>> two = account;
  const Ref<Protocol<long(Balance)>> one = two;
  EXPECT_TRUE(two.send(Deposit{3}));
  EXPECT_EQ(one.ask(Balance{}).value(), 3);
  EXPECT_EQ(one.id(), account.id());
  static_assert(!actor::accepts<Protocol<long(Balance)>, Deposit>());
  static_assert(!std::is_convertible_v<Ref<Protocol<long(Balance)>>, Ref<Protocol<long(Deposit)>>>);
}

class Forgetful final {
 public:
  using Accepts = Protocol<long(Balance)>;
  long handle(Balance /*balance*/) { return 1; }
  long handle(Deposit /*deposit*/) { return 2; }
};

TEST(ActorMessageTest, AMessageThatAProtocolListsButTheActorDoesNotIsRefused) {
  Runtime runtime{workers(2)};
  const Ref<Protocol<long(Deposit)>> actor = runtime.spawn<Forgetful>();
  const auto answer = actor.ask(Deposit{1});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::refused);
  EXPECT_NE(std::string{answer.error().what()}.find("Deposit"), std::string::npos);
  EXPECT_TRUE(actor.send(Deposit{1}));
  wait_until([&] { return dropped(runtime, "unhandled") == 2; });
}

// ---- what handlers return ----------------------------------------------------------------------

struct Divide {
  int by;
};
struct Later {};
struct Now {};
struct LaterOrNot {};
struct Throw {
  std::string what;
};

class Divider final {
 public:
  Result<int> handle(Divide divide) {
    if (divide.by == 0) {
      return Error::failed("no number is that large", 7);
    }
    return 60 / divide.by;
  }
  Result<void> handle(LaterOrNot /*message*/) { return Error{Code::not_found, "there is none"}; }
  Promise<std::string> handle(Later /*later*/, Context& context) {
    return later_.emplace_back(context.promise<std::string>());
  }
  Promise<void> handle(Reset /*reset*/) {
    Promise<void> promise;
    promise.set();
    return promise;
  }
  void handle(Now /*now*/) {
    for (const auto& promise : later_) {
      promise.set("later");
    }
    later_.clear();
  }
  int handle(Throw message) { throw std::runtime_error{message.what}; }
  int handle(Deposit /*deposit*/) { throw 5; }

 private:
  std::vector<Promise<std::string>> later_;
};

TEST(ActorMessageTest, AHandlerMayReturnAResult) {
  Runtime runtime{workers(2)};
  const auto divider = runtime.spawn<Divider>();
  EXPECT_EQ(divider.ask(Divide{5}).value(), 12);
  const auto none = divider.ask(Divide{0});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), Code::failed);
  EXPECT_EQ(none.error().application_code(), 7);
  EXPECT_EQ(none.error().effect(), Effect::none);
  EXPECT_EQ(divider.ask(LaterOrNot{}).error(), Code::not_found);
  EXPECT_EQ(divider.ask(Divide{4}).value(), 15) << "an error that is returned ends nobody";
}

TEST(ActorMessageTest, AHandlerMayAnswerLater) {
  Runtime runtime{workers(2)};
  const auto divider = runtime.spawn<Divider>();
  auto first = divider.ask_async(Later{});
  auto second = divider.ask_async(Later{});
  EXPECT_TRUE(divider.ask(Reset{})) << "who answers later handles others meanwhile";
  EXPECT_FALSE(first.ready());
  EXPECT_TRUE(divider.send(Now{}));
  EXPECT_EQ(first.get().value(), "later");
  EXPECT_EQ(second.get().value(), "later");
}

TEST(ActorMessageTest, AHandlerMayReturnWhatCanOnlyBeMoved) {
  struct Make {
    int number;
  };
  struct MakeLater {
    int number;
  };
  class Maker final {
   public:
    std::unique_ptr<int> handle(Make make) { return std::make_unique<int>(make.number); }
    Promise<std::unique_ptr<int>> handle(MakeLater make) {
      Promise<std::unique_ptr<int>> promise;
      promise.set(std::make_unique<int>(make.number));
      return promise;
    }
  };
  Runtime runtime{workers(2)};
  const auto maker = runtime.spawn<Maker>();
  EXPECT_EQ(*maker.ask(Make{3}).value(), 3);
  EXPECT_EQ(*maker.ask(MakeLater{4}).value(), 4);
}

// ---- a handler that throws ---------------------------------------------------------------------

class Monitor final {
 public:
  explicit Monitor(std::vector<Down>& downs) : downs_(downs) {}
  bool handle(Ref<Divider> divider, Context& context) {
    context.monitor(divider);
    return true;
  }
  void handle(Down down) { downs_.push_back(std::move(down)); }
  std::size_t handle(Read /*read*/) { return downs_.size(); }

 private:
  std::vector<Down>& downs_;
};

TEST(ActorMessageTest, AThrowTellsWhoAskedAndEndsTheActor) {
  Runtime runtime{workers(2)};
  std::vector<Down> downs;
  const auto divider = runtime.spawn<Divider>();
  const auto monitor = runtime.spawn<Monitor>(downs);
  ASSERT_TRUE(monitor.ask(divider).value());
  ASSERT_TRUE(divider.ask(Reset{})) << "by now it knows of its monitor";

  const auto thrown = divider.ask(Throw{"the disk is full"});
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error(), Code::failed);
  EXPECT_EQ(thrown.error().effect(), Effect::unknown);
  const std::string what = thrown.error().what();
  EXPECT_NE(what.find("the disk is full"), std::string::npos) << what;
  EXPECT_NE(what.find("Divider"), std::string::npos) << what;

  wait_until([&] { return monitor.ask(Read{}).value() == 1; });
  EXPECT_EQ(downs[0].target, divider.id());
  EXPECT_EQ(downs[0].reason.kind, Exit::Kind::failed);
  EXPECT_NE(downs[0].reason.text().find("the disk is full"), std::string::npos);

  const auto after = divider.ask(Divide{3});
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error(), Code::disconnected);
  EXPECT_NE(std::string{after.error().what()}.find("the disk is full"), std::string::npos);
  EXPECT_EQ(divider.send(Reset{}).code(), Code::closed);
}

TEST(ActorMessageTest, WhatWaitsBehindAThrowIsToldThatTheActorEnded) {
  Runtime runtime{workers(1)};
  struct Poison {};
  class Sick final {
   public:
    void handle(const Hold& gates) { hold(gates); }
    void handle(Poison /*poison*/) { throw std::runtime_error{"poisoned"}; }
    int handle(int number) { return number; }
  };
  const auto sick = runtime.spawn<Sick>();
  Gate begun;
  Gate end;
  EXPECT_TRUE(sick.send(Hold{begun, end}));
  EXPECT_TRUE(sick.send(Poison{}));
  auto behind = sick.ask_async(1);
  EXPECT_TRUE(sick.send(2));
  begun.pass();
  const auto before = dropped(runtime, "ended");
  end.open();
  const auto answer = behind.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::disconnected);
  wait_until([&] { return !is_alive(runtime, sick); });
  wait_until([&] { return dropped(runtime, "ended") == before + 2; });
}

TEST(ActorMessageTest, WhatIsNoExceptionIsCaughtToo) {
  Runtime runtime{workers(2)};
  const auto divider = runtime.spawn<Divider>();
  const auto answer = divider.ask(Deposit{1});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), Code::failed);
  EXPECT_EQ(runtime.spawn<Divider>().ask(Divide{1}).value(), 60);
}

// ---- which handler -----------------------------------------------------------------------------

class Exact final {
 public:
  std::string handle(int /*message*/) { return "int"; }
  std::string handle(bool /*message*/) { return "bool"; }
  std::string handle(const std::string& /*message*/) { return "string"; }
  std::string handle(std::vector<int>&& /*message*/) { return "vector"; }
  std::string handle(double /*message*/, Context& /*context*/) { return "double, Context"; }
};

TEST(ActorMessageTest, AMessageMatchesAHandlerExactly) {
  static_assert(actor::accepts<Exact, int>());
  static_assert(actor::accepts<Exact, bool>());
  static_assert(actor::accepts<Exact, std::string>());
  static_assert(actor::accepts<Exact, std::vector<int>>());
  static_assert(actor::accepts<Exact, double>());
  static_assert(!actor::accepts<Exact, const char*>());
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): what a literal is
  static_assert(!actor::accepts<Exact, char[3]>());
  static_assert(!actor::accepts<Exact, long>());
  static_assert(!actor::accepts<Exact, char>());
  static_assert(!actor::accepts<Exact, float>());
  static_assert(!actor::accepts<Exact, int*>());
  Runtime runtime{workers(1)};
  const auto exact = runtime.spawn<Exact>();
  EXPECT_EQ(exact.ask(1).value(), "int");
  EXPECT_EQ(exact.ask(true).value(), "bool");
  EXPECT_EQ(exact.ask(std::string{"x"}).value(), "string");
  EXPECT_EQ(exact.ask(std::vector<int>{}).value(), "vector");
  EXPECT_EQ(exact.ask(1.5).value(), "double, Context");
}

TEST(ActorMessageTest, AHandlerOfAnIntTakesNoBoolAndNoEnum) {
  enum Unscoped { one };
  class IntOnly final {
   public:
    void handle(int /*message*/) {}
  };
  class TextOnly final {
   public:
    void handle(std::string /*message*/) {}
  };
  static_assert(!actor::accepts<IntOnly, bool>());
  static_assert(!actor::accepts<IntOnly, Unscoped>());
  static_assert(!actor::accepts<TextOnly, const char*>());
  static_assert(!actor::accepts<TextOnly, std::string_view>());
}

// ---- messages that can only be moved -----------------------------------------------------------

class Owner final {
 public:
  int handle(std::unique_ptr<int> message) { return *message; }
  void handle(const Hold& gates) { hold(gates); }
};

TEST(ActorMessageTest, AMessageMayBeMoveOnly) {
  Runtime runtime{workers(2)};
  const auto owner = runtime.spawn<Owner>();
  EXPECT_TRUE(owner.send(std::make_unique<int>(1)));
  auto message = std::make_unique<int>(2);
  EXPECT_TRUE(owner.send(std::move(message)));
  EXPECT_EQ(message, nullptr);
  EXPECT_EQ(owner.ask(std::make_unique<int>(3)).value(), 3);
  EXPECT_EQ(owner.ask_async(std::make_unique<int>(4)).get().value(), 4);
}

TEST(ActorMessageTest, ARefusedMessageStaysWithItsSender) {
  Runtime runtime{workers(1)};
  const auto owner = runtime.spawn_with<Owner>(mailbox(1, WhenFull::refuse));
  Gate begun;
  Gate end;
  EXPECT_TRUE(owner.send(Hold{begun, end}));
  begun.pass();
  EXPECT_TRUE(owner.send(std::make_unique<int>(1)));
  auto message = std::make_unique<int>(2);
  EXPECT_EQ(owner.send(std::move(message)).code(), Code::overloaded);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(*message, 2);  // NOLINT(bugprone-use-after-move): it was not taken
  end.open();
  owner.stop();
  wait_until([&] { return owner.send(std::move(message)).code() == Code::closed || !message; });
  if (message == nullptr) {
    message = std::make_unique<int>(2);
    wait_until([&] { return !is_alive(runtime, owner); });
    EXPECT_EQ(owner.send(std::move(message)).code(), Code::closed);
  }
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(Ref<Owner>{}.send(std::move(message)).code(), Code::closed);
  EXPECT_EQ(*message, 2);  // NOLINT(bugprone-use-after-move): it was not taken
}

TEST(ActorMessageTest, AMessageThatIsSentByReferenceIsCopied) {
  Runtime runtime{workers(1)};
  const auto exact = runtime.spawn<Exact>();
  const std::string text = "a text that is too long to be kept inside of the string itself";
  std::string same = text;
  EXPECT_TRUE(exact.send(text));
  EXPECT_TRUE(exact.send(same));
  EXPECT_EQ(same, text);
}

// ---- order -------------------------------------------------------------------------------------

struct Numbered {
  int sender;
  int number;
};

class Sequencer final {
 public:
  explicit Sequencer(std::size_t senders) : last_(senders, -1) {}
  void handle(Numbered message) {
    int& last = last_.at(static_cast<std::size_t>(message.sender));
    in_order_ = in_order_ && message.number == last + 1;
    last = message.number;
  }
  Result<std::vector<int>> handle(Read /*read*/) {
    if (!in_order_) {
      return Error::failed("out of order");
    }
    return last_;
  }

 private:
  std::vector<int> last_;
  bool in_order_ = true;
};

TEST(ActorMessageTest, MessagesOfEachThreadArriveInTheirOrder) {
  const int count = scaled(200'000);
  Runtime runtime{workers(2)};
  const auto sequencer = runtime.spawn<Sequencer>(std::size_t{2});
  const auto send = [&](int sender) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(sequencer.send(Numbered{sender, i}));
    }
  };
  {
    std::jthread first{send, 0};
    std::jthread second{send, 1};
  }
  EXPECT_EQ(sequencer.ask(Read{}).value(), (std::vector{count - 1, count - 1}));
}

TEST(ActorMessageTest, MessagesOfEachActorArriveInTheirOrder) {
  struct Begin {
    Ref<Sequencer> to;
    int sender;
    int count;
  };
  class Source final {
   public:
    void handle(const Begin& begin) {
      for (int i = 0; i < begin.count; ++i) {
        EXPECT_TRUE(begin.to.send(Numbered{begin.sender, i}));
      }
    }
  };
  const int count = scaled(20'000);
  Runtime runtime{workers(2)};
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{7}, std::size_t{1024}}) {
    const auto sequencer =
        runtime.spawn_with<Sequencer>(mailbox(capacity, WhenFull::wait), std::size_t{3});
    std::vector<Ref<Source>> sources;
    for (int sender = 0; sender < 3; ++sender) {
      sources.push_back(runtime.spawn<Source>());
    }
    std::vector<Future<void>> done;
    for (int sender = 0; sender < 3; ++sender) {
      done.push_back(
          sources[static_cast<std::size_t>(sender)].ask_async(Begin{sequencer, sender, count}));
    }
    for (auto& each : done) {
      EXPECT_TRUE(each.get());
    }
    EXPECT_EQ(sequencer.ask(Read{}, std::chrono::seconds{60}).value(),
              (std::vector{count - 1, count - 1, count - 1}));
  }
}

}  // namespace
}  // namespace troupe::actor_test
