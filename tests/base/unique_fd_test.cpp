// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/unique_fd.hpp"

#include "harness/raw_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace {

using troupe::UniqueFd;
using troupe::harness::raw_pipe;

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFdTest, ClosesWhatItOwns) {
  int number = -1;
  {
    const auto [reader, writer] = raw_pipe();
    number = reader.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFdTest, MovingLeavesNothingBehind) {
  auto [first, second] = raw_pipe();
  const int moved = second.get();
  const int overwritten = first.get();

  first = std::move(second);

  EXPECT_EQ(first.get(), moved);
  EXPECT_FALSE(second);  // NOLINT(bugprone-use-after-move): what it is now
  EXPECT_FALSE(is_open(overwritten));
  EXPECT_TRUE(is_open(moved));
}

TEST(UniqueFdTest, MovingOntoItselfChangesNothing) {
  auto [reader, writer] = raw_pipe();
  UniqueFd& same = reader;
  reader = std::move(same);
  EXPECT_TRUE(is_open(reader.get()));
}

TEST(UniqueFdTest, ReleaseLeavesTheClosingToTheCaller) {
  auto [reader, writer] = raw_pipe();
  const UniqueFd taken{reader.release()};
  EXPECT_FALSE(reader);
  EXPECT_TRUE(is_open(taken.get()));
}

TEST(UniqueFdTest, ADuplicateIsAnotherThatDoesNotPassExec) {
  const auto [reader, writer] = raw_pipe();
  const auto copy = UniqueFd::duplicate(reader.get()).value();
  EXPECT_NE(copy.get(), reader.get());
  EXPECT_EQ(::fcntl(copy.get(), F_GETFD), FD_CLOEXEC);
}

TEST(UniqueFdTest, DuplicatingWhatIsNotOpenIsAnError) {  // CN-16
  const auto copy = UniqueFd::duplicate(-1);
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().os_errno(), EBADF);
}

TEST(UniqueFdTest, ClosingDoesNotHideAnEarlierError) {
  UniqueFd not_open{1000000};
  errno = EAGAIN;
  not_open.reset();
  EXPECT_EQ(errno, EAGAIN);
}

}  // namespace
