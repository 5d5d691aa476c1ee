// SPDX-License-Identifier: Apache-2.0
// Two nodes and what each does with the other's actors, over each transport that carries a link.

#include "harness/scheme_name.hpp"
#include "node/subjects.hpp"
#include "transports/tls/certificates.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

namespace troupe::node_test {
namespace {

class Nodes : public testing::TestWithParam<const char*> {
 protected:
  Nodes()
      : address_(there_.listen(GetParam(), certificates_.of_listener()).value()),
        node_(here_.connect(address_.text() + "?shm=off", certificates_.of_client()).value()) {}

  const harness::TestCertificates& certificates_ = harness::TestCertificates::get();
  Runtime there_{named("there")};
  Runtime here_{named("here")};
  const Address address_;
  Node node_;
};

TEST_P(Nodes, ANodeKnowsTheOthersName) {
  const NodeInfo info = node_.info().value();
  EXPECT_EQ(info.name, "there");
  EXPECT_NE(info.id, 0U);
  EXPECT_EQ(info.address, address_.text());
  EXPECT_TRUE(node_.connected());
}

TEST_P(Nodes, AnActorThatHasANameThereIsAskedAndSentTo) {
  const auto account = there_.spawn<Account>(100);
  ASSERT_TRUE(there_.register_name("savings", account));
  const auto found = node_.find<Account>("savings").value();
  EXPECT_EQ(found.ask(Add{5}).value(), 105);
  EXPECT_TRUE(found.send(Add{7}));
  EXPECT_EQ(found.ask(Total{}).value(), 112);
  EXPECT_EQ(account.ask(Total{}).value(), 112);
}

TEST_P(Nodes, ANameIsWaitedFor) {
  auto found = std::async(std::launch::async, [&] {
    const Runtime::Scope scope{here_};
    return node_.find<Account>("late", 60s).value().ask(Total{}).value();
  });
  const auto account = there_.spawn<Account>(1);
  ASSERT_TRUE(there_.register_name("late", account));
  EXPECT_EQ(found.get(), 1);
}

TEST_P(Nodes, ANameThatNobodyHasIsTimedOutAndSaidWhere) {
  const auto found = node_.find<Account>("nobody", 50ms);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), Code::timed_out);
  EXPECT_NE(std::string{found.error().what()}.find("find \"nobody\" at "), std::string::npos)
      << found.error().what();
}

TEST_P(Nodes, AProtocolIsEnoughToReachAnActor) {
  ASSERT_TRUE(there_.register_name("savings", there_.spawn<Account>(3)));
  const auto found = node_.find<AccountApi>("savings").value();
  EXPECT_EQ(found.ask(Add{4}).value(), 7);
}

TEST_P(Nodes, WhoDoesNotTakeWhatIsWantedIsRefusedWithItsName) {
  ASSERT_TRUE(there_.register_name("reporter", there_.spawn<Reporter>()));
  const auto found = node_.find<AccountApi>("reporter");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), Code::refused);
  EXPECT_NE(std::string{found.error().what()}.find("it takes no troupe::node_test::Add"),
            std::string::npos)
      << found.error().what();
}

TEST_P(Nodes, NoIsAnAnswerToo) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(40L).value();
  EXPECT_EQ(account.ask(Has{40}).value(), true);
  EXPECT_EQ(account.ask(Has{41}).value(), false);
}

TEST_P(Nodes, AnOfferedClassIsSpawnedThereWithItsArguments) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(40L).value();
  EXPECT_EQ(account.ask(Add{2}).value(), 42);
}

TEST_P(Nodes, AClassThatIsNotOfferedIsNotFound) {
  const auto account = node_.spawn<Account>(40L);
  ASSERT_FALSE(account);
  EXPECT_EQ(account.error(), Code::not_found);
  EXPECT_NE(std::string{account.error().what()}.find("does not offer"), std::string::npos);
}

TEST_P(Nodes, SendsArriveInTheirOrderWhateverTheirSize) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(0L).value();
  constexpr std::uint64_t kCount = 300;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const std::size_t size = i % 50 == 7 ? 300'000 : i % 10;
    ASSERT_TRUE(account.send(Note{i, std::string(size, 'x')}, forever));
  }
  const auto notes = account.ask(Notes{}, 60s).value();
  ASSERT_EQ(notes.size(), kCount);
  for (std::uint64_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(notes[i].number, i);
    EXPECT_EQ(notes[i].text.size(), i % 50 == 7 ? 300'000U : i % 10);
  }
}

TEST_P(Nodes, AMonitorIsToldOnceHowAnActorThereEnded) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(0L).value();
  Inbox<Protocol<>> inbox{here_};
  inbox.context().monitor(account);
  account.send(Fail{"out of money"});
  Down down;
  ASSERT_TRUE(inbox.receive([&](Down its) { down = std::move(its); }));
  EXPECT_EQ(down.reason.kind, Exit::Kind::failed);
  EXPECT_NE(down.reason.what.find("out of money"), std::string::npos) << down.reason.text();
  EXPECT_NE(down.reason.text().find("there"), std::string::npos) << down.reason.text();
  EXPECT_EQ(account.ask(Total{}).error(), Code::disconnected);
}

TEST_P(Nodes, StopEndsTheActorThere) {
  const auto account = there_.spawn<Account>(0);
  ASSERT_TRUE(there_.register_name("savings", account));
  const auto far = node_.find<Account>("savings").value().now().value();
  Inbox<Protocol<>> inbox{there_};
  inbox.context().monitor(account);
  far.stop();
  ASSERT_TRUE(inbox.receive([](Down down) { EXPECT_TRUE(down.reason.ok()); }));
}

TEST_P(Nodes, AnErrorOfTheHandlerIsTheAskers) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(0L).value();
  const auto failed = account.ask(Fail{"no"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), Code::failed);
  EXPECT_NE(std::string{failed.error().what()}.find("no"), std::string::npos);
}

TEST_P(Nodes, AnAskEndsAtItsDeadlineWhateverTheOtherSideDoes) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(0L).value();
  account.send(Hold{});
  EXPECT_EQ(account.ask(Total{}, 50ms).error(), Code::timed_out);
}

TEST_P(Nodes, ManyAsksAreUnderWayAtOnce) {
  there_.offer<Account>();
  const auto account = node_.spawn<Account>(0L).value();
  std::vector<Future<long>> futures;
  for (int i = 0; i < 3000; ++i) {
    futures.push_back(account.ask_async(Add{1}, 60s));
  }
  long last = 0;
  for (auto& future : futures) {
    const long now = future.get().value();
    EXPECT_EQ(now, last + 1);
    last = now;
  }
}

TEST_P(Nodes, ASlowActorHoldsUpItsOwnSendersOnly) {
  there_.offer<Account>();
  const auto slow = node_.spawn<Account>(0L).value();
  const auto quick = node_.spawn<Account>(0L).value();
  slow.send(Hold{});
  // Its mailbox, the window and the mailbox here hold so many; then senders wait.
  bool full = false;
  for (int i = 0; i < 10'000 && !full; ++i) {
    full = slow.send(Add{1}, Deadline::at_once()).code() == Code::overloaded;
    if (i % 1000 == 0) {
      (void)quick.ask(Total{});
    }
  }
  EXPECT_TRUE(full);
  EXPECT_EQ(quick.ask(Add{9}).value(), 9);
}

TEST_P(Nodes, AnAskOfAFullActorHoldsUpNobodyElse) {
  ASSERT_TRUE(
      there_.register_name("small", there_.spawn_with<Account>({.mailbox = {.capacity = 2}}, 0)));
  ASSERT_TRUE(there_.register_name("quick", there_.spawn<Account>(3)));
  const auto small = node_.find<Account>("small").value();
  const auto quick = node_.find<Account>("quick").value();
  small.send(Hold{});
  std::vector<Future<long>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(small.ask_async(Total{}, 1h));
  }
  EXPECT_EQ(quick.ask(Total{}, 1h).value(), 3);
}

TEST_P(Nodes, AnAskComesAfterWhatWasSentBeforeHoweverFullTheMailboxIs) {
  ASSERT_TRUE(
      there_.register_name("small", there_.spawn_with<Account>({.mailbox = {.capacity = 2}}, 0)));
  const auto small = node_.find<Account>("small").value();
  small.send(Sleep{20ms});
  for (long i = 1; i <= 20; ++i) {
    small.send(Add{1});
    if (i % 5 == 0) {
      small.send(Sleep{1ms});
    }
  }
  EXPECT_EQ(small.ask(Total{}, 1h).value(), 20);
}

INSTANTIATE_TEST_SUITE_P(Over, Nodes,
                         testing::Values("unix:", "tcp://127.0.0.1:0", "tls://127.0.0.1:0",
                                         "shm:", "zmq+tcp://127.0.0.1:0", "zmq+ipc:"),
                         harness::scheme_name<const char*>);

}  // namespace
}  // namespace troupe::node_test
