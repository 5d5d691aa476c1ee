// SPDX-License-Identifier: Apache-2.0
// Groups: joined, left, published to.
#include "harness/sanitized.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace troupe::actor_tests {
namespace {

using namespace std::chrono_literals;

struct Tick {
  std::string text;
};
struct Ticks {};
struct Quit {};

using TickApi = Protocol<void(Tick)>;

class Listener {
 public:
  using Accepts = Protocol<void(Tick), int(Ticks)>;
  void handle(const Tick& tick) { ticks_ += tick.text == "tick" ? 1 : 0; }
  int handle(Ticks) const { return ticks_; }
  void handle(Quit, Context& context) { context.stop(); }

 private:
  int ticks_ = 0;
};

class Other {
 public:
  using Accepts = Protocol<int(Ticks)>;
  int handle(Ticks) { return 0; }
};

class GroupTest : public testing::Test {
 protected:
  static void end(const Ref<Listener>& clock) {
    ASSERT_TRUE(clock.send(Quit{}));
    (void)clock.ask(Ticks{}, 60s);
  }

  Runtime runtime{RuntimeOptions{.workers = 2}};
  Group<Listener> group = runtime.group<Listener>("listeners");
};

TEST_F(GroupTest, EachMemberGetsACopy) {
  auto a = runtime.spawn<Listener>();
  auto b = runtime.spawn<Listener>();
  group.join(a);
  runtime.group<Listener>("listeners").join(b);
  EXPECT_EQ(group.publish(Tick{"tick"}), 2U);
  EXPECT_EQ(a.ask(Ticks{}).value(), 1);
  EXPECT_EQ(b.ask(Ticks{}).value(), 1);
  EXPECT_EQ(group.members().value(), (std::vector<Ref<Listener>>{a, b}));
  EXPECT_EQ(runtime.group<Listener>("others").publish(Tick{"tick"}), 0U);
}

TEST_F(GroupTest, JoiningTwiceIsJoiningOnce) {
  auto a = runtime.spawn<Listener>();
  group.join(a);
  group.join(a);
  EXPECT_EQ(group.publish(Tick{"tick"}), 1U);
  group.leave(a);
  EXPECT_EQ(group.publish(Tick{"tick"}), 0U);
  group.leave(a);
  group.join(a);
  EXPECT_EQ(group.publish(Tick{"tick"}), 1U);
}

TEST_F(GroupTest, AMemberThatEndsLeaves) {
  auto a = runtime.spawn<Listener>();
  auto b = runtime.spawn<Listener>();
  group.join(a);
  group.join(b);
  end(a);
  EXPECT_EQ(group.members().value(), std::vector<Ref<Listener>>{b});
  EXPECT_EQ(group.publish(Tick{"tick"}), 1U);
  group.join(a);
  EXPECT_EQ(group.members().value(), std::vector<Ref<Listener>>{b}) << "it has ended";
}

TEST_F(GroupTest, AMemberThatIsFullMissesIt) {
  class Stuck {
   public:
    void handle(Ticks, Context& context) { (void)context.sleep(1h); }
    void handle(const Tick&) {}
  };
  Group<Stuck> stuck = runtime.group<Stuck>("stuck");
  auto member = runtime.spawn_with<Stuck>({.mailbox = {.capacity = 1}});
  stuck.join(member);
  auto asked = member.ask_async(Ticks{}, 1h);
  while (runtime.stats().actors.at(0).state != "waiting") {
    std::this_thread::yield();
  }
  EXPECT_EQ(stuck.publish(Tick{"tick"}), 1U);
  EXPECT_EQ(stuck.publish(Tick{"tick"}), 0U);
}

TEST_F(GroupTest, MembersThatDoNotCoverTheGroupsProtocolAreNoneOfIt) {
  auto a = runtime.spawn<Listener>();
  auto other = runtime.spawn<Other>();
  group.join(a);
  runtime.group<Other>("listeners").join(other);
  EXPECT_EQ(group.members().value().size(), 1U);
  Group<TickApi> narrow = runtime.group<TickApi>("listeners");
  EXPECT_EQ(narrow.publish(Tick{"tick"}), 1U);
  EXPECT_EQ(a.ask(Ticks{}).value(), 1);
  EXPECT_EQ(runtime.group<Protocol<int(Ticks)>>("listeners").members().value().size(), 2U);
}

TEST_F(GroupTest, AnEmptyHandleHasNobody) {
  const Group<Listener> empty;
  empty.join(runtime.spawn<Listener>());
  EXPECT_EQ(empty.publish(Tick{"tick"}), 0U);
  EXPECT_EQ(empty.members().error(), Code::closed);
}

TEST_F(GroupTest, MembersComeAndGoWhileOthersPublish) {
  constexpr int kRounds = harness::kSanitized ? 200 : 1'000;
  const auto come_and_go = [&] {
    const RuntimeCore::Scope scope{runtime};
    for (int i = 0; i < kRounds; ++i) {
      auto clock = runtime.spawn<Listener>();
      group.join(clock);
      clock.stop();
    }
  };
  std::thread one{come_and_go};
  std::thread two{come_and_go};
  for (int i = 0; i < kRounds; ++i) {
    (void)group.publish(Tick{"tick"});
  }
  one.join();
  two.join();
  while (!group.members().value().empty()) {
    std::this_thread::yield();  // all of them end
  }
  EXPECT_EQ(group.publish(Tick{"tick"}), 0U);
}

}  // namespace
}  // namespace troupe::actor_tests
