// SPDX-License-Identifier: Apache-2.0
#include "harness/child.hpp"
#include "transports/transport_test.hpp"
#include "troupe/transports/socket/unix_transport.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::harness {
namespace {

using transports::Direction;
using transports::FrameConnection;
using transports::UnixTransport;

const auto kUnix = [] { return std::make_unique<UnixTransport>(); };
constexpr transports::Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .fds = true, .peer_identity = true};

const auto kWays = testing::Values(
    pair_way("pair", kUnix, "unix:", Direction::duplex, kCapabilities, Way::Reset::by_unread),
    listener_way("path", kUnix, "unix:%d/socket", kCapabilities, Way::Reset::by_unread),
    listener_way("private_path", kUnix, "unix:", kCapabilities, Way::Reset::by_unread),
    listener_way("abstract", kUnix, "unix:@troupe-way-" + std::to_string(::getpid()), kCapabilities,
                 Way::Reset::by_unread));

INSTANTIATE_TEST_SUITE_P(Unix, FrameConnectionTest, kWays, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Unix, StreamTest, kWays, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Unix, FramingTest, kWays, testing::PrintToStringParamName());

INSTANTIATE_TEST_SUITE_P(
    Unix, FrameListenerTest,
    testing::Values(
        Place{.name = "path", .transport = kUnix, .address = "unix:%d/socket%n", .is_file = true},
        Place{.name = "private_path",
              .transport = kUnix,
              .address = "unix:",
              .is_file = true,
              .is_chosen = true},
        Place{.name = "abstract",  // LS-03
              .transport = kUnix,
              .address = "unix:@troupe-test-" + std::to_string(::getpid()) + "-%n"}),
    testing::PrintToStringParamName());

class UnixTest : public testing::Test {
 protected:
  // Connects as the user nobody; the error that a receive, or connecting, then ends with.
  static void expect_turned_away(const Address& where) {
    const int status = run_as_nobody([&] {
      const auto dial = UnixTransport{}.dial(where.text() + "?peers=any", {}).value();
      std::unique_ptr<FrameConnection> connection;
      while (connection == nullptr) {
        connection = dial->step().value();
      }
      const Error end = receive_error(*connection);
      EXPECT_TRUE(end == Code::closed || end == Code::disconnected) << end.what();
    });
    EXPECT_EQ(status, 0);
  }

  UnixTransport transport_;
};

TEST_F(UnixTest, TheChosenSocketLivesInADirectoryOfThisUserAlone) {
  const TemporaryDirectory runtime;
  const EnvironmentScope environment{"XDG_RUNTIME_DIR", runtime.path()};

  const auto listener = transport_.listen("unix:", {}).value();

  const std::string path{listener->address().path()};
  EXPECT_TRUE(path.starts_with(runtime.path() + "/troupe/")) << path;
  struct stat status {};
  ASSERT_EQ(::stat((runtime.path() + "/troupe").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(UnixTest, ADirectoryThatOthersMayEnterIsNotTrusted) {
  const TemporaryDirectory runtime;
  const EnvironmentScope environment{"XDG_RUNTIME_DIR", runtime.path()};
  for (const mode_t mode : {0770U, 0701U}) {
    ASSERT_EQ(::mkdir(runtime.file("troupe").c_str(), 0700), 0);
    ASSERT_EQ(::chmod(runtime.file("troupe").c_str(), mode), 0);
    const auto listener = transport_.listen("unix:", {});
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error(), Code::refused);
    EXPECT_NE(std::string_view{listener.error().what()}.find("0700"), std::string_view::npos);
    ::rmdir(runtime.file("troupe").c_str());
  }
  // Nor is a link, wherever it leads.
  const TemporaryDirectory elsewhere;
  ASSERT_EQ(::symlink(elsewhere.path().c_str(), runtime.file("troupe").c_str()), 0);
  EXPECT_EQ(transport_.listen("unix:", {}).error(), Code::refused);
}

TEST_F(UnixTest, ADirectoryOfAnotherUserIsNotTrusted) {
  if (!is_root()) {
    return;  // only root can give a directory away
  }
  const TemporaryDirectory runtime;
  const EnvironmentScope environment{"XDG_RUNTIME_DIR", runtime.path()};
  ASSERT_EQ(::mkdir(runtime.file("troupe").c_str(), 0700), 0);
  ASSERT_EQ(::chown(runtime.file("troupe").c_str(), 65534, 65534), 0);
  EXPECT_EQ(transport_.listen("unix:", {}).error(), Code::refused);
}

TEST_F(UnixTest, AnotherUserIsTurnedAway) {
  if (!is_root()) {
    return;  // only root can become somebody else
  }
  const TemporaryDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  for (const std::string& where : {"unix:" + directory.file("socket"),
                                   "unix:@troupe-other-user-" + std::to_string(::getpid())}) {
    const auto listener = transport_.listen(where, {}).value();
    if (where.find('@') == std::string::npos) {
      ASSERT_EQ(::chmod(directory.file("socket").c_str(), 0777), 0);
    }
    const auto told = raw_pipe();
    Child child{[&] {
      expect_turned_away(listener->address());
      write_raw(told.second.get(), "!");
    }};
    while (!is_readable(told.first.get())) {
      EXPECT_EQ(listener->try_accept().value(), nullptr);
    }
    EXPECT_EQ(child.join(), 0);
  }
}

TEST_F(UnixTest, AnotherUserIsWelcomeWhereTheListenerSaysSo) {
  if (!is_root()) {
    return;  // only root can become somebody else
  }
  const std::string where = "unix:@troupe-any-user-" + std::to_string(::getpid()) + "?peers=any";
  const auto listener = transport_.listen(where, {}).value();
  Child child{[&] {
    const int status = run_as_nobody([&] {
      const auto dial = UnixTransport{}.dial(where, {}).value();
      std::unique_ptr<FrameConnection> connection;
      while (connection == nullptr) {
        connection = dial->step().value();
      }
      send(*connection, "hello");
    });
    EXPECT_EQ(status, 0);
  }};
  wait_readable(listener->readable().fd);
  const auto accepted = listener->try_accept().value();
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(receive_text(*accepted), "hello");
  EXPECT_EQ(child.join(), 0);
}

// Any local user may take an abstract name, or a name in a folder that all may write.
TEST_F(UnixTest, AListenerOfAnotherUserIsNotTrusted) {
  if (!is_root()) {
    return;  // only root can become somebody else
  }
  const std::string where = "unix:@troupe-squatter-" + std::to_string(::getpid());
  const auto told = raw_pipe();
  const auto end = raw_pipe();
  Child squatter{[&] {
    const int status = run_as_nobody([&] {
      const auto listener = UnixTransport{}.listen(where, {}).value();
      write_raw(told.second.get(), "!");
      (void)read_raw(end.first.get(), 1);
    });
    EXPECT_EQ(status, 0);
  }};
  (void)read_raw(told.first.get(), 1);

  const auto connection = transport_.dial(where, {}).value()->step();

  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error(), Code::refused);
  EXPECT_NE(std::string_view{connection.error().what()}.find("another user"),
            std::string_view::npos);
  EXPECT_TRUE(transport_.dial(where + "?peers=any", {}).value()->step());
  write_raw(end.second.get(), "!");
  EXPECT_EQ(squatter.join(), 0);
}

TEST_F(UnixTest, AListenerWhoseQueueIsFullIsTriedAgain) {  // W25
  const TemporaryDirectory directory;
  const std::string path = directory.file("socket");
  const UniqueFd slow{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface
  ASSERT_EQ(::bind(slow.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(::listen(slow.get(), 0), 0);
  const Address where{"unix:" + path};

  std::vector<std::unique_ptr<FrameConnection>> waiting;
  std::unique_ptr<transports::Dial> last;
  for (;;) {
    last = transport_.dial(where, {}).value();
    auto connection = last->step().value();
    if (connection == nullptr) {
      break;
    }
    waiting.push_back(std::move(connection));
  }
  EXPECT_LT(last->readiness().fd, 0) << "there is nothing to poll: it is tried again by time";
  EXPECT_EQ(last->step().value(), nullptr);
  const UniqueFd accepted{::accept(slow.get(), nullptr, nullptr)};
  EXPECT_NE(last->step().value(), nullptr);
}

}  // namespace
}  // namespace troupe::harness
