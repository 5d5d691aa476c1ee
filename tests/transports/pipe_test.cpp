// SPDX-License-Identifier: Apache-2.0
#include "transports/transport_test.hpp"
#include "troupe/transports/pipe/pipe_transport.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::harness {
namespace {

using transports::Direction;
using transports::PipeTransport;

const auto kPipe = [] { return std::make_unique<PipeTransport>(); };

const auto kWays =
    testing::Values(pair_way("duplex", kPipe, "pipe:", Direction::duplex, {.duplex = true}),
                    pair_way("one_way", kPipe, "pipe:", Direction::one_way, {}));

INSTANTIATE_TEST_SUITE_P(Pipe, FrameConnectionTest, kWays, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Pipe, StreamTest, kWays, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Pipe, FramingTest, kWays, testing::PrintToStringParamName());
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FrameListenerTest);  // a pipe has no name

std::string option(const char* name, int fd) {
  return std::string{name} + "=" + std::to_string(fd);
}

TEST(PipeTest, AnInheritedEndIsOpenedByItsNumber) {
  PipeTransport transport;
  auto [reader, writer] = raw_pipe();
  const auto from =
      transport.dial("pipe:?" + option("in", reader.release()), {}).value()->step().value();
  const auto to =
      transport.dial("pipe:?" + option("out", writer.release()), {}).value()->step().value();

  send(*to, "hello");

  EXPECT_EQ(receive_text(*from), "hello");
}

TEST(PipeTest, TwoInheritedEndsMakeADuplexConnection) {
  PipeTransport transport;
  auto [in, there] = raw_pipe();
  auto [back, out] = raw_pipe();
  const Address address{"pipe:?" + option("in", in.release()) + "&" + option("out", out.release())};
  const auto connection = transport.dial(address, {}).value()->step().value();
  EXPECT_TRUE(connection->capabilities().duplex);

  write_raw(there.get(), from_hex("00 00 00 01 61"));
  EXPECT_EQ(receive_text(*connection), "a");
  send(*connection, "b");
  EXPECT_EQ(to_hex(read_raw(back.get(), 5)), "00 00 00 01 62");
}

TEST(PipeTest, AnInheritedEndDoesNotPassExec) {
  PipeTransport transport;
  auto [reader, writer] = raw_pipe();
  ::fcntl(reader.get(), F_SETFD, 0);
  const int number = reader.release();
  const auto connection =
      transport.dial("pipe:?" + option("in", number), {}).value()->step().value();
  EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
}

TEST(PipeTest, AnInheritedSocketServesBothWays) {
  PipeTransport transport;
  auto [mine, other] = raw_socket_pair();
  const int copy = ::dup(mine.get());
  const Address address{"pipe:?" + option("in", mine.release()) + "&" + option("out", copy)};
  const auto connection = transport.dial(address, {}).value()->step().value();
  send(*connection, "a");
  EXPECT_EQ(to_hex(read_raw(other.get(), 5)), "00 00 00 01 61");
}

TEST(PipeTest, AnInheritedEndThatCannotBeIsRefused) {  // CN-16
  PipeTransport transport;
  const auto [reader, writer] = raw_pipe();
  const std::string wrong_end = "pipe:?" + option("out", reader.get());
  for (const std::string& text :
       {std::string{"pipe:"}, std::string{"pipe:?in="}, std::string{"pipe:?in=x"},
        std::string{"pipe:?in=-1"}, std::string{"pipe:?in=99999999999999999999"},
        std::string{"pipe:?in=12345"}, std::string{"pipe:?in=3x"}, wrong_end}) {
    const auto dial = transport.dial(text, {});
    ASSERT_FALSE(dial) << text;
    EXPECT_EQ(dial.error(), Code::invalid_argument);
    EXPECT_NE(std::string_view{dial.error().what()}.find(text), std::string_view::npos);
  }
  EXPECT_GE(::fcntl(reader.get(), F_GETFD), 0) << "what was refused stays with the caller";
}

TEST(PipeTest, CannotBeListenedAt) {
  const auto listener = PipeTransport{}.listen("pipe:", {});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error(), Code::invalid_argument);
  EXPECT_NE(std::string_view{listener.error().what()}.find("fifo:"), std::string_view::npos);
}

// A signal that the program uses itself must neither be lost nor be invented.
TEST(PipeTest, ABrokenPipeLeavesTheProgramsSignalAlone) {
  static volatile sig_atomic_t raised = 0;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { raised = raised + 1; };
  ASSERT_EQ(::sigaction(SIGPIPE, &action, &before), 0);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGPIPE);

  auto ends = PipeTransport{}.pair({}, Direction::one_way, {.max_message = 100}).value();
  ends.first.reset();
  Outgoing message{"anybody?"};
  EXPECT_EQ(
      ends.second->try_send(message.frame, transports::Lane::data, transports::When::now).error(),
      Code::disconnected);
  EXPECT_EQ(raised, 0);

  // The program's own pending one stays pending.
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  ::raise(SIGPIPE);
  auto more = PipeTransport{}.pair({}, Direction::one_way, {.max_message = 100}).value();
  more.first.reset();
  Outgoing again{"anybody?"};
  EXPECT_FALSE(more.second->try_send(again.frame, transports::Lane::data, transports::When::now));
  EXPECT_EQ(raised, 0);
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  EXPECT_EQ(raised, 1);
  ::sigaction(SIGPIPE, &before, nullptr);
}

}  // namespace
}  // namespace troupe::harness
