// SPDX-License-Identifier: Apache-2.0
// Signals as messages to actors.
#include "recorded.hpp"
#include "support.hpp"
#include "troupe/runtime/actor/signals.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGUSR1 is POSIX
#include <unistd.h>

#include <cstddef>

namespace troupe {
namespace {

using actor_test::Hold;
using actor_test::Recorded;

class Hears final {
 public:
  using Accepts = Protocol<void(Signal), void(Hold), void(int)>;

  explicit Hears(Recorded<Signal>& heard) : heard_(heard) {}
  void handle(Signal signal) { heard_.add(signal); }
  void handle(const Hold& gates) { actor_test::hold(gates); }
  void handle(int /*number*/) {}

 private:
  Recorded<Signal>& heard_;
};

TEST(SignalsTest, AnActorGetsThemAsMessages) {
  Recorded<Signal> heard;
  Runtime runtime{actor_test::workers(2)};
  Signals signals{runtime, {SIGUSR1, SIGUSR2}};
  const auto actor = runtime.spawn<Hears>(heard);
  const auto other = runtime.spawn<Hears>(heard);
  signals.deliver_to(actor);
  signals.deliver_to(actor);
  signals.deliver_to(Ref<Protocol<void(Signal)>>{other});
  ::raise(SIGUSR2);
  const auto all = heard.wait_for(2);
  EXPECT_EQ(all.at(0).number, SIGUSR2);
  EXPECT_EQ(all.at(1).from, ::getpid());
  EXPECT_TRUE(signals.wait()) << "who waits gets it too";
}

TEST(SignalsTest, AFullMailboxHasRoomForOneOfEachNumberWhichCounts) {
  Recorded<Signal> heard;
  Recorded<Signal> seen;
  Runtime runtime{actor_test::workers(2)};
  Signals signals{runtime, {SIGUSR1, SIGUSR2}};
  const auto actor = runtime.spawn_with<Hears>(actor_test::mailbox(1, WhenFull::refuse), heard);
  signals.deliver_to(actor);
  signals.deliver_to(runtime.spawn<Hears>(seen));  // after the actor
  const Hold gates;
  actor.send(gates);
  gates.begun.pass();
  while (actor.send(1)) {
  }
  for (std::size_t i = 1; i <= 100; ++i) {
    ::raise(SIGUSR1);
    seen.wait_for(i);
  }
  ::raise(SIGUSR2);
  seen.wait_for(101);
  EXPECT_EQ(actor_test::stats_of(runtime, actor).mailbox, 3U) << "a number, and two signals";
  gates.end.open();
  const auto all = heard.wait_for(2);
  EXPECT_EQ(all.at(0).times, 100U);
  EXPECT_EQ(all.at(1).number, SIGUSR2);
}

TEST(SignalsTest, WhenTheObjectIsGoneNothingIsDelivered) {
  Recorded<Signal> heard;
  Runtime runtime{actor_test::workers(1)};
  Signals kept{runtime, {SIGUSR1}};
  const auto actor = runtime.spawn<Hears>(heard);
  {
    Signals signals{runtime, {SIGUSR1}};
    signals.deliver_to(actor);
  }
  ::raise(SIGUSR1);
  Signals later{runtime, {SIGUSR1}};
  later.deliver_to(actor);
  ::raise(SIGUSR1);
  EXPECT_EQ(heard.wait_for(1).front().times, 1U);
  EXPECT_EQ(kept.wait().value().times, 2U);
}

TEST(SignalsTest, DeliveryToAnEmptyHandleThrows) {
  Runtime runtime{RuntimeOptions{}};
  Signals signals{runtime, {SIGUSR1}};
  EXPECT_THROW(signals.deliver_to(Ref<Hears>{}), Error);
}

}  // namespace
}  // namespace troupe
