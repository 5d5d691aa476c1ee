// SPDX-License-Identifier: Apache-2.0
// What every FrameConnection promises about file descriptors.
#include "harness/child.hpp"
#include "transports/transport_test.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace troupe::harness {
namespace {

using transports::FrameConnection;
using transports::Lane;
using transports::When;

// Files that can be told apart.
std::vector<UniqueFd> files(std::size_t count) {
  std::vector<UniqueFd> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.emplace_back(::memfd_create("test", MFD_CLOEXEC));
  }
  return made;
}

std::vector<ino_t> inodes(std::span<const UniqueFd> fds) {
  std::vector<ino_t> numbers;
  for (const UniqueFd& fd : fds) {
    struct stat status {};
    EXPECT_EQ(::fstat(fd.get(), &status), 0);
    numbers.push_back(status.st_ino);
  }
  return numbers;
}

// The next message's first `count` descriptors, taken as a decoder would.
std::vector<UniqueFd> take(FrameConnection& connection, std::size_t count) {
  std::vector<UniqueFd> taken;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_LT(i, connection.fds().size());
    taken.push_back(std::move(connection.fds()[i]));
  }
  return taken;
}

TEST_P(FrameConnectionTest, DescriptorsArriveWithTheirMessageOrAreRefused) {  // FD-01
  connect();
  auto sent = files(3);
  const auto due = inodes(sent);
  Outgoing message{"files", std::move(sent)};

  const auto result = sender().try_send(message.frame, Lane::data, When::now);

  if (!carries_fds()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Code::invalid_argument);
    EXPECT_EQ(inodes(message.frame.fds), due) << "they stay with the caller";
    send(sender(), "the connection goes on");
    EXPECT_EQ(receive_text(receiver()), "the connection goes on");
    return;
  }
  ASSERT_TRUE(result);
  EXPECT_TRUE(std::ranges::none_of(message.frame.fds, [](const auto& fd) { return bool{fd}; }));
  EXPECT_EQ(receive_text(receiver()), "files");
  const auto came = take(receiver(), 3);
  EXPECT_EQ(inodes(came), due);
  EXPECT_EQ(::fcntl(came[0].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_P(FrameConnectionTest, AControlMessageHasItsOwnDescriptorsWhicheverIsReceivedFirst) {
  connect();
  if (!carries_fds()) {
    return;  // DescriptorsArriveWithTheirMessageOrAreRefused has the refusal
  }
  auto first = files(1);
  auto second = files(1);
  const auto of_data = inodes(first);
  const auto of_control = inodes(second);
  Outgoing data{"data", std::move(first)};
  Outgoing control{"control", std::move(second)};
  ASSERT_TRUE(sender().try_send(data.frame, Lane::data, When::now));
  ASSERT_TRUE(sender().try_send(control.frame, Lane::control, When::now));

  for (int i = 0; i < 2; ++i) {
    const auto& due = receive_text(receiver()) == "data" ? of_data : of_control;
    EXPECT_EQ(inodes(take(receiver(), 1)), due);
  }
}

TEST_P(FrameConnectionTest, EachMessageHasItsOwnDescriptors) {
  connect();
  if (!carries_fds()) {
    return;  // DescriptorsArriveWithTheirMessageOrAreRefused has the refusal
  }
  auto two = files(2);
  auto one = files(1);
  const auto due_two = inodes(two);
  const auto due_one = inodes(one);
  send(sender(), "none");
  Outgoing first{"two", std::move(two)};
  ASSERT_TRUE(send_waiting(sender(), first));
  send(sender(), "none");
  Outgoing second{pattern(300U << 10U), std::move(one)};

  EXPECT_EQ(receive_text(receiver()), "none");
  EXPECT_EQ(receive_text(receiver()), "two");
  EXPECT_EQ(inodes(take(receiver(), 2)), due_two);
  EXPECT_EQ(receive_text(receiver()), "none");
  EXPECT_TRUE(cross(sender(), second, receiver()) == pattern(300U << 10U));
  EXPECT_EQ(inodes(take(receiver(), 1)), due_one);
  send(sender(), "goes on");
  EXPECT_EQ(receive_text(receiver()), "goes on");
}

TEST_P(FrameConnectionTest, MessagesWithDescriptorsKeepTheirPlaceInTheRow) {
  connect();
  if (!carries_fds()) {
    return;  // refused, as above
  }
  send(sender(), "one", Lane::data, When::later);
  Outgoing two{"two", files(1)};
  ASSERT_TRUE(sender().try_send(two.frame, Lane::data, When::later));
  send(sender(), "three");

  EXPECT_EQ(receive_text(receiver()), "one");
  EXPECT_EQ(receive_text(receiver()), "two");
  (void)take(receiver(), 1);
  EXPECT_EQ(receive_text(receiver()), "three");
}

TEST_P(FrameConnectionTest, AsManyDescriptorsCrossAsTheKernelTakesAtOnce) {
  connect();
  if (!carries_fds()) {
    return;  // refused, as above
  }
  auto sent = files(253);
  const auto due = inodes(sent);
  Outgoing most{"many", std::move(sent)};
  ASSERT_TRUE(send_waiting(sender(), most));
  EXPECT_EQ(receive_text(receiver()), "many");
  EXPECT_EQ(inodes(take(receiver(), 253)), due);

  Outgoing too_many{"too many", files(254)};
  const auto result = sender().try_send(too_many.frame, Lane::data, When::now);
  if (is_stream()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Code::invalid_argument);
  } else {
    ASSERT_TRUE(result);  // nothing counts them inside a process
    EXPECT_EQ(receive_text(receiver()), "too many");
    (void)take(receiver(), 254);
  }
  send(sender(), "goes on");
  EXPECT_EQ(receive_text(receiver()), "goes on");
}

TEST_P(FrameConnectionTest, ADescriptorWithALargeNumberCrosses) {  // FD-02
  connect();
  if (!carries_fds()) {
    return;  // refused, as above
  }
  std::vector<UniqueFd> low = files(300);  // the receiver's low numbers are all in use
  UniqueFd large{::fcntl(low.front().get(), F_DUPFD_CLOEXEC, 700)};
  ASSERT_GE(large.get(), 700);
  std::vector<UniqueFd> sent;
  sent.push_back(std::move(large));
  const auto due = inodes(sent);
  Outgoing message{"large", std::move(sent)};
  ASSERT_TRUE(send_waiting(sender(), message));
  EXPECT_EQ(receive_text(receiver()), "large");
  const auto came = take(receiver(), 1);
  EXPECT_EQ(inodes(came), due);
  EXPECT_GT(came[0].get(), 256);
}

TEST_P(FrameConnectionTest, DescriptorsThatNoMessageMentionsAreMalformed) {
  for (const bool another_follows : {false, true}) {
    connect();
    if (!carries_fds()) {
      return;  // refused, as above
    }
    Outgoing message{"one of two", files(2)};
    ASSERT_TRUE(send_waiting(sender(), message));
    Outgoing next{"next", another_follows ? files(1) : std::vector<UniqueFd>{}};
    ASSERT_TRUE(send_waiting(sender(), next));
    EXPECT_EQ(receive_text(receiver()), "one of two");
    (void)take(receiver(), 1);

    const Error error = receive_error(receiver());

    EXPECT_EQ(error, Code::malformed);
    EXPECT_NE(std::string_view{error.what()}.find("descriptors"), std::string_view::npos);
    EXPECT_EQ(receive_error(receiver()), Code::malformed);
  }
}

// The surplus must not become the next message's first descriptor.
TEST_P(FrameConnectionTest, DescriptorsOfALargeMessageAreNotTakenForThoseOfTheNext) {
  connect();
  if (!carries_fds()) {
    return;  // refused, as above
  }
  constexpr std::size_t kLarge = 150U << 10U;
  Outgoing large{pattern(kLarge), files(2)};
  ASSERT_TRUE(send_waiting(sender(), large));
  // The next one follows so closely that one read brings the end of the first and all of it.
  Outgoing next{"next", files(1)};
  ASSERT_TRUE(send_waiting(sender(), next));
  EXPECT_TRUE(receive(receiver()).value() == pattern(kLarge));
  (void)take(receiver(), 1);

  EXPECT_EQ(receive_error(receiver()), Code::malformed);
}

TEST_P(FrameConnectionTest, ConnectionsThatEndCloseTheDescriptorsThatNobodyTook) {
  connect();
  if (!carries_fds()) {
    return;  // refused, as above
  }
  for (int i = 0; i < 3; ++i) {
    Outgoing message{"unread", files(2)};
    ASSERT_TRUE(send_waiting(sender(), message));
  }
  EXPECT_EQ(receive_text(receiver()), "unread");
  // TearDown counts what is open.
}

TEST_P(FrameConnectionTest, DescriptorsThatFindNoRoomAreMalformedNotLost) {
  connect();
  if (!carries_fds() || !is_stream()) {
    return;  // inside one process no new descriptors are made
  }
  Child child{[&] {
    Outgoing message{"files", files(5)};
    ASSERT_TRUE(send_waiting(sender(), message));
    const rlimit few{open_fds() + 2, open_fds() + 2};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const Error error = receive_error(receiver());
    EXPECT_EQ(error, Code::malformed);
    EXPECT_NE(std::string_view{error.what()}.find("ulimit"), std::string_view::npos);
  }};
  EXPECT_EQ(child.join(), 0);
}

}  // namespace
}  // namespace troupe::harness
