// SPDX-License-Identifier: Apache-2.0
// Two runtimes in one process, whose actors talk to each other.
#include "actor/subjects.hpp"
#include "harness/sanitized.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <optional>

namespace troupe::actor_test {
namespace {

struct Later {};

class Answerer final {
 public:
  explicit Answerer(Recorded<Promise<int>>& promises) : promises_(promises) {}
  int handle(Ping /*ping*/) { return 1; }
  Promise<int> handle(Later /*later*/) {
    Promise<int> promise;
    promises_.add(promise);
    return promise;
  }

 private:
  Recorded<Promise<int>>& promises_;
};

class TwoRuntimesTest : public testing::Test {
 protected:
  TwoRuntimesTest() {
    one_.emplace(with_workers(1));
    other_.emplace(with_workers(1));
  }
  ~TwoRuntimesTest() override {
    other_.reset();
    one_.reset();
  }

  Recorded<Promise<int>> promises_;
  std::optional<Runtime> one_;
  std::optional<Runtime> other_;
};

TEST_F(TwoRuntimesTest, ActorsAskEachOther) {
  constexpr int kAsks = harness::kSanitized ? 500 : 5'000;
  const auto here = one_->spawn<Bystander>();
  const auto there = other_->spawn<Bystander>();
  std::latch done{2};
  const auto ask = [&done](const Ref<Bystander>& whom) {
    return Do{[&done, whom](Context&) {
      for (int i = 0; i < kAsks; ++i) {
        EXPECT_EQ(whom.ask(Ping{}, forever).value(), 1);
      }
      done.count_down();
    }};
  };
  const auto asker_here = one_->spawn<Bystander>();
  const auto asker_there = other_->spawn<Bystander>();
  asker_here.send(ask(there));
  asker_there.send(ask(here));
  done.wait();
}

TEST_F(TwoRuntimesTest, MonitorSeesTheEndOfAnActorOfTheOther) {
  Recorded<Down> downs;
  const auto observer = one_->spawn<Observer>(downs);
  const auto target = other_->spawn<Subject>();
  have(observer, [target](Context& context) { context.monitor(target); });
  EXPECT_TRUE(other_->stop(forever).clean());
  EXPECT_EQ(downs.wait_for(1)[0].target, target.id());
  EXPECT_TRUE(one_->stop(forever).clean());
}

TEST_F(TwoRuntimesTest, StopOfTheAskedRuntimeTellsTheAsker) {
  const auto there = other_->spawn<Answerer>(promises_);
  const auto asker = one_->spawn<Bystander>();
  Recorded<Code> codes;
  asker.send(Do{[&, there](Context&) {
    const auto answer = there.ask(Later{}, forever);
    codes.add(answer ? Code::closed : answer.error().code());
  }});
  promises_.wait_for(1)[0].fail(Error{Code::lost, "not today"});
  EXPECT_EQ(codes.wait_for(1)[0], Code::lost);
  EXPECT_TRUE(other_->stop(forever).clean());
  asker.send(Do{[&, there](Context&) {
    const auto answer = there.ask(Later{}, forever);
    codes.add(answer ? Code::failed : answer.error().code());
  }});
  EXPECT_EQ(codes.wait_for(2)[1], Code::closed);
}

TEST_F(TwoRuntimesTest, AnswerMayComeWhenTheRuntimeOfWhoAskedIsGone) {
  const auto there = other_->spawn<Answerer>(promises_);
  Recorded<Code> codes;
  one_->spawn<Bystander>().send(Do{[&, there](Context&) {
    const auto answer = there.ask(Later{}, forever);
    codes.add(answer ? Code::failed : answer.error().code());
  }});
  promises_.wait_for(1);
  EXPECT_TRUE(one_->stop(forever).clean());
  EXPECT_EQ(codes.all(), std::vector{Code::cancelled});
  // The later one ends first; here it is moved out of the way.
  EXPECT_EQ(there.ask(Ping{}, forever).value(), 1);
  promises_.all()[0].set(7);
}

TEST_F(TwoRuntimesTest, StopOfOneLeavesTheOther) {
  const auto here = one_->spawn<Bystander>();
  const auto there = other_->spawn<Bystander>();
  EXPECT_TRUE(one_->stop(forever).clean());
  EXPECT_EQ(here.ask(Ping{}, forever).error(), Code::closed);
  EXPECT_EQ(there.ask(Ping{}, forever).value(), 1);
}

}  // namespace
}  // namespace troupe::actor_test
