// SPDX-License-Identifier: Apache-2.0
#include "actor/subjects.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace troupe::actor_test {
namespace {

struct Open {};
struct Write {
  std::string text;
};
struct Moved {
  std::unique_ptr<int> value;
};

// Takes nothing but Open until that has come.
class File final {
 public:
  explicit File(Recorded<std::string>& lines) : lines_(lines) {}

  void handle(Open /*open*/, Context& context) {
    open_ = true;
    context.unstash();
  }
  Result<std::size_t> handle(Write write, Context& context) {
    if (!open_) {
      if (auto aside = context.stash(std::move(write)); !aside) {
        // NOLINTNEXTLINE(bugprone-use-after-move): it was not taken
        EXPECT_FALSE(write.text.empty());
        return aside.error();
      }
      return std::size_t{0};
    }
    lines_.add(write.text);
    return write.text.size();
  }
  int handle(Moved moved, Context& context) {
    if (!open_) {
      EXPECT_TRUE(context.stash(std::move(moved)));
      return 0;
    }
    lines_.add("moved");
    return *moved.value;
  }
  void handle(End /*end*/, Context& context) { context.stop(); }

 private:
  Recorded<std::string>& lines_;
  bool open_ = false;
};

class StashTest : public testing::Test {
 protected:
  Recorded<std::string> lines_;
  Runtime runtime_{with_workers(2)};
};

TEST_F(StashTest, WhatWasPutAsideComesBackInItsOrderBeforeTheRest) {
  const auto file = runtime_.spawn<File>(lines_);
  file.send(Write{"a"});
  file.send(Write{"b"});
  file.send(Write{"c"});
  file.send(Open{});
  file.send(Write{"d"});
  EXPECT_EQ(lines_.wait_for(4), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(StashTest, AskThatWasPutAsideIsAnsweredLater) {
  const auto file = runtime_.spawn<File>(lines_);
  auto write = file.ask_async(Write{"a text that is too long to lie in its string"}, forever);
  auto moved = file.ask_async(Moved{std::make_unique<int>(7)}, forever);
  file.ask(Open{}, forever).value();
  EXPECT_EQ(write.get().value(), 44U);
  EXPECT_EQ(moved.get().value(), 7);
}

TEST_F(StashTest, MessageMayBePutAsideAgain) {
  struct Again {
    explicit Again(Recorded<std::string>& its) : lines(its) {}
    Recorded<std::string>& lines;
    int left = 3;
    void handle(Write write, Context& context) {
      if (--left > 0) {
        EXPECT_TRUE(context.stash(std::move(write)));
        return;
      }
      lines.add(write.text);
    }
    void handle(Open /*open*/, Context& context) { context.unstash(); }
  };
  const auto actor = runtime_.spawn<Again>(lines_);
  actor.send(Write{"a"});
  actor.send(Open{});
  actor.send(Open{});
  EXPECT_EQ(lines_.wait_for(1)[0], "a");
}

TEST_F(StashTest, EndOfTheActorTellsWhoAskedAndCountsTheRest) {
  const auto file = runtime_.spawn<File>(lines_);
  auto write = file.ask_async(Write{"a"}, forever);
  file.send(Write{"b"});
  file.send(End{});
  EXPECT_EQ(write.get().error(), Code::closed);
  wait_for_end(runtime_, file);
  EXPECT_EQ(runtime_.stats().counters.at("troupe_messages_dropped_total{cause=\"ended\"}"), 2U);
}

TEST_F(StashTest, AsManyAreAsideAsTheMailboxHolds) {
  const auto file = runtime_.spawn_with<File>({.mailbox = {.capacity = 3}}, lines_);
  std::vector<Future<std::size_t>> writes;
  for (int i = 0; i < 3; ++i) {
    writes.push_back(file.ask_async(Write{"abc"}, forever));
  }
  const auto refused = file.ask(Write{"abc"}, forever);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::overloaded) << refused.error().what();
  file.ask(Open{}, forever).value();
  for (auto& write : writes) {
    EXPECT_EQ(write.get().value(), 3U);
  }
}

TEST_F(StashTest, BytesAsideAreBoundedToo) {
  const auto file = runtime_.spawn_with<File>({.mailbox = {.capacity_bytes = 10'000}}, lines_);
  auto first = file.ask_async(Write{std::string(6'000, 'x')}, forever);
  const auto refused = file.ask(Write{std::string(6'000, 'y')}, forever);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::overloaded);
  file.ask(Open{}, forever).value();
  EXPECT_EQ(first.get().value(), 6'000U);
}

}  // namespace
}  // namespace troupe::actor_test
