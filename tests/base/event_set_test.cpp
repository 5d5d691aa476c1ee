// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/event_set.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace troupe::os {
namespace {

using namespace std::chrono_literals;
using Woken = EventSet::Woken;

void ring(const UniqueFd& bell) {
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(bell.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
}

bool is_readable(int fd) {
  pollfd item{fd, POLLIN, 0};
  return ::poll(&item, 1, 0) == 1;
}

class EventSetTest : public testing::Test {
 protected:
  Woken wait(Deadline until) { return set_.wait(stop_.get(), until).value(); }

  const UniqueFd bell_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  const UniqueFd stop_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  EventSet set_ = EventSet::create().value();
};

TEST_F(EventSetTest, ABellIsReportedOnceEachTimeItIsRungAndNeverRead) {
  ASSERT_TRUE(set_.add_bell(bell_.get()));
  EXPECT_EQ(wait(0s), Woken::by_deadline);
  for (int i = 0; i < 3; ++i) {
    ring(bell_);
    EXPECT_EQ(wait(forever), Woken::by_event);
    EXPECT_EQ(wait(0s), Woken::by_deadline) << "its count is still there, the report is taken";
  }
}

TEST_F(EventSetTest, WhatWasRungBeforeItWasAddedIsReported) {
  ring(bell_);
  ASSERT_TRUE(set_.add_bell(bell_.get()));
  EXPECT_EQ(wait(forever), Woken::by_event);
}

TEST_F(EventSetTest, TheSetCanBePolledUntilItsReportIsTaken) {
  ASSERT_TRUE(set_.add_bell(bell_.get()));
  EXPECT_FALSE(is_readable(set_.fd()));
  ring(bell_);
  EXPECT_TRUE(is_readable(set_.fd()));
  EXPECT_TRUE(is_readable(set_.fd()));
  set_.take();
  EXPECT_FALSE(is_readable(set_.fd()));
}

TEST_F(EventSetTest, AStopIsReportedAgainAndAgainAndAnEventWins) {
  ASSERT_TRUE(set_.add_bell(bell_.get()));
  ring(stop_);
  EXPECT_EQ(wait(forever), Woken::by_stop);
  EXPECT_EQ(wait(forever), Woken::by_stop);
  ring(bell_);
  EXPECT_EQ(wait(forever), Woken::by_event);
  EXPECT_EQ(wait(forever), Woken::by_stop);
}

TEST_F(EventSetTest, TheEndOfAPeerIsReportedForEverAndWhatItSaysOnlyUntilIgnored) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd ours{ends[0]};
  UniqueFd theirs{ends[1]};
  ASSERT_TRUE(set_.add_peer(ours.get()));
  ASSERT_EQ(::write(theirs.get(), "x", 1), 1);
  EXPECT_EQ(wait(forever), Woken::by_event);
  set_.ignore_input(ours.get());
  EXPECT_EQ(wait(0s), Woken::by_deadline);

  theirs.reset();

  EXPECT_EQ(wait(forever), Woken::by_event);
  EXPECT_EQ(wait(forever), Woken::by_event);
}

TEST_F(EventSetTest, AWaitEndsAtItsDeadline) {
  ASSERT_TRUE(set_.add_bell(bell_.get()));
  EXPECT_EQ(wait(2ms), Woken::by_deadline);
  ring(bell_);
  EXPECT_EQ(wait(1h), Woken::by_event);
}

}  // namespace
}  // namespace troupe::os
