// SPDX-License-Identifier: Apache-2.0
// What ZeroMQ leaves open, and what becomes of it here. Where the plain library can be shown
// falling into a trap, it is.
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/sanitized.hpp"
#include "transports/zmq_fixture.hpp"
#include "troupe/transports/zmq/internal/zmq_words.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <thread>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;
using transports::FrameConnection;
using transports::Lane;
using transports::Progress;
using transports::When;
using transports::ZmqTransport;
using transports::ZmqWord;

class ZmqTrapsTest : public ZmqTest {
 protected:
  // A foreign client that has greeted; and its end here.
  struct Foreign {
    zmq::socket_t socket;
    std::unique_ptr<FrameConnection> end;
  };
  Foreign greet(transports::FrameListener& listener) {
    Foreign made{dealer(), nullptr};
    made.socket.connect(endpoint_of(listener));
    made.socket.send(transports::zmq_greeting(ZmqWord::hello), zmq::send_flags::none);
    made.end = accept(listener);
    zmq::message_t welcome;
    EXPECT_TRUE(made.socket.recv(welcome));
    EXPECT_EQ(welcome.to_string_view().front(), 'W');
    return made;
  }
  static void say(zmq::socket_t& socket, std::string_view text) {
    socket.send(zmq::buffer(text), zmq::send_flags::none);
  }
  static void send_data(zmq::socket_t& socket, std::uint64_t offset, std::string_view bytes) {
    auto message = transports::zmq_data(offset, bytes.size());
    std::copy(bytes.begin(), bytes.end(),
              static_cast<char*>(message.data()) + transports::kZmqDataHeader);
    socket.send(std::move(message), zmq::send_flags::none);
  }
};

TEST_F(ZmqTrapsTest, WhatIsUnderWayIsBoundedInBytesAndInMessages) {
  {  // The plain library takes as much as one has, within its thousand messages and the kernel's.
    zmq::socket_t server{context_, zmq::socket_type::router};
    server.bind("tcp://127.0.0.1:*");
    auto client = dealer();
    client.connect(server.get(zmq::sockopt::last_endpoint));
    const std::string large(100'000, 'x');
    std::size_t taken = 0;
    while (taken < (64U << 20U) &&
           client.send(zmq::buffer(large), zmq::send_flags::dontwait).has_value()) {
      taken += large.size();
    }
    EXPECT_GE(taken, 64U << 20U);
  }
  const auto listener = listen();
  const auto ends = connect(*listener);
  std::size_t taken = 0;
  for (;;) {
    Outgoing message{std::string(1000, 'x')};
    if (ends.second->try_send(message.frame, Lane::data, When::now).value() ==
        Progress::would_block) {
      break;
    }
    taken += message.frame.size;
    ASSERT_LE(taken, 2U << 20U);
  }
}

TEST_F(ZmqTrapsTest, AMissingMessageIsToldAndNotSilent) {
  const auto listener = listen();
  Foreign client = greet(*listener);
  send_data(client.socket, 0, std::string{"\0\0\0\3one", 7});
  EXPECT_EQ(receive_text(*client.end), "one");
  send_data(client.socket, 14, std::string{"\0\0\0\5three", 9});  // the second is lost
  const Error lost = receive_error(*client.end);
  EXPECT_EQ(lost, Code::disconnected);
  EXPECT_EQ(lost.effect(), Effect::unknown);
  EXPECT_TRUE(says(lost, "7 bytes were lost on the way")) << lost.what();
}

TEST_F(ZmqTrapsTest, ALastMessageThatIsMissingIsTold) {
  const auto listener = listen();
  Foreign client = greet(*listener);
  send_data(client.socket, 0, std::string{"\0\0\0\3one", 7});
  client.socket.send(transports::zmq_count(ZmqWord::bye, 14), zmq::send_flags::none);
  EXPECT_EQ(receive_text(*client.end), "one");
  EXPECT_TRUE(says(receive_error(*client.end), "last 7 bytes were lost"));
}

// A plain ROUTER that is told to be mandatory says "sent" of a body whose peer has gone.
TEST_F(ZmqTrapsTest, APeerThatGoesIsNoticedWithoutSendingToIt) {
  const auto listener = listen();
  Foreign client = greet(*listener);
  client.socket.close();  // no bye
  const Error gone = receive_error(*client.end);
  EXPECT_EQ(gone, Code::disconnected) << gone.what();
  Outgoing message{"anybody?"};
  EXPECT_EQ(client.end->try_send(message.frame, Lane::data, When::now).error(), Code::disconnected);
}

TEST_F(ZmqTrapsTest, WhoTakesADescriptorOverIsNotTakenForWhoHadItBefore) {
  const auto listener = listen();
  for (int i = 0; i < 20; ++i) {
    Foreign first = greet(*listener);
    first.socket.close();
    Foreign second = greet(*listener);  // by the same descriptor, often
    EXPECT_EQ(receive_error(*first.end), Code::disconnected);
    send_data(second.socket, 0, std::string{"\0\0\0\2hi", 6});
    ASSERT_EQ(receive_text(*second.end), "hi");
  }
}

TEST_F(ZmqTrapsTest, TwoOfOneNameDoNotHideEachOther) {
  {  // In the plain library the second one's messages vanish, and sending them succeeds.
    zmq::socket_t server{context_, zmq::socket_type::router};
    server.bind("tcp://127.0.0.1:*");
    std::vector<zmq::socket_t> twins;
    for (int i = 0; i < 2; ++i) {
      auto twin = dealer();
      twin.set(zmq::sockopt::routing_id, "twin");
      twin.connect(server.get(zmq::sockopt::last_endpoint));
      twin.send(zmq::buffer(std::to_string(i)), zmq::send_flags::none);
      twins.push_back(std::move(twin));
      server.set(zmq::sockopt::rcvtimeo, i == 0 ? 5000 : 300);
      zmq::message_t name;
      zmq::message_t body;
      EXPECT_EQ(server.recv(name).has_value() && server.recv(body).has_value(), i == 0);
    }
  }
  // Ours bear no name, so none can be another's; and a foreign twin is not answered, which it sees.
  const auto listener = listen();
  const auto first = connect(*listener);
  const auto second = connect(*listener);
  for (const auto* pair : {&first, &second}) {
    send(*pair->second, "hello");
    EXPECT_EQ(receive_text(*pair->first), "hello");
  }
}

TEST_F(ZmqTrapsTest, ANameInUseIsNotTakenAway) {
  const std::string path = directory_.file("socket");
  {  // The plain library removes the socket of who listens.
    zmq::socket_t first{context_, zmq::socket_type::router};
    zmq::socket_t second{context_, zmq::socket_type::router};
    first.bind("ipc://" + path);
    EXPECT_NO_THROW(second.bind("ipc://" + path));
  }
  ::unlink(path.c_str());
  ZmqTransport ipc{ZmqTransport::Below::ipc};
  const auto listener = ipc.listen("zmq+ipc:" + path, {}).value();
  EXPECT_EQ(ipc.listen("zmq+ipc:" + path, {}).error(), Code::exists);
}

TEST_F(ZmqTrapsTest, AnotherUsersProcessIsNotLetIn) {
  if (!is_root()) {
    return;  // only root can become somebody else
  }
  if (kSanitized) {
    GTEST_SKIP() << kNoThreadsInAFork;
  }
  const std::string path = directory_.file("socket");
  ASSERT_EQ(::chmod(directory_.path().c_str(), S_IRWXU | S_IXOTH), 0);
  ZmqTransport ipc{ZmqTransport::Below::ipc};
  const auto listener = ipc.listen("zmq+ipc:" + path, {}).value();
  ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
  EXPECT_EQ(run_as_nobody([&] {
              ZmqTransport theirs{ZmqTransport::Below::ipc};
              auto dial = theirs.dial("zmq+ipc:" + path, {.handshake = 1s}).value();
              Result<std::unique_ptr<FrameConnection>> result{nullptr};
              while (result && *result == nullptr) {
                result = dial->step();
              }
              ASSERT_FALSE(result);
            }),
            0);
}

TEST_F(ZmqTrapsTest, AListenersConnectionsGoOnAndItsAddressIsTakenUpAgain) {
  auto listener = listen();
  const Address where = listener->address();
  const auto ends = connect(*listener);
  listener.reset();
  const Error nobody = refusal(where, {.handshake = 2s});
  EXPECT_EQ(nobody, Code::not_found) << nobody.what();
  listener = transport_.listen(where, {}).value();
  const auto later = connect(*listener);
  for (const auto* pair : {&ends, &later}) {
    send(*pair->second, "hello");
    EXPECT_EQ(receive_text(*pair->first), "hello");
  }
}

TEST_F(ZmqTrapsTest, GarbageHurtsNobodyElse) {
  const auto listener = listen();
  const auto healthy = connect(*listener);
  auto stranger = dealer();
  stranger.connect(endpoint_of(*listener));
  for (const std::string_view text :
       {"", "X", "H", "H\1", "D", "Dxxxxxxxxyyy", "A", "R", "W\1\0\0\0\1"}) {
    say(stranger, text);
  }
  stranger.send(zmq::buffer(std::string_view{"two"}), zmq::send_flags::sndmore);
  stranger.send(zmq::buffer(std::string_view{"frames"}), zmq::send_flags::none);
  for (const char* breach : {"A\xff\xff\xff\xff\xff\xff\xff\xff", "H\1\0\0\0\1", "nonsense"}) {
    Foreign client = greet(*listener);
    say(client.socket, std::string_view{breach, breach[0] == 'A'   ? 9U
                                                : breach[0] == 'H' ? 6U
                                                                   : 8U});
    EXPECT_EQ(receive_error(*client.end), Code::malformed);
  }
  send(*healthy.second, "still here");
  EXPECT_EQ(receive_text(*healthy.first), "still here");
}

TEST_F(ZmqTrapsTest, WhoSendsMoreThanTheWindowIsEnded) {
  const auto listener = listen();
  Foreign client = greet(*listener);
  const std::string chunk(60'000, '\0');
  for (std::uint64_t at = 0; at < (2U << 20U); at += chunk.size()) {
    send_data(client.socket, at, chunk);
  }
  for (;;) {  // empty frames, then the end
    auto received = receive(*client.end);
    if (!received) {
      EXPECT_EQ(received.error(), Code::malformed) << received.error().what();
      break;
    }
  }
}

TEST_F(ZmqTrapsTest, AnotherVersionIsRefusedInWords) {
  const auto listener = listen();
  auto old = dealer();
  old.connect(endpoint_of(*listener));
  say(old, std::string_view{"H\0\0\1\0\0", 6});
  zmq::message_t answer;
  ASSERT_TRUE(old.recv(answer));
  EXPECT_EQ(answer.to_string_view().front(), 'R');
  EXPECT_NE(answer.to_string().find("version 0"), std::string::npos) << answer.to_string();
}

TEST_F(ZmqTrapsTest, APlainRouterIsToldFromOurs) {
  zmq::socket_t server{context_, zmq::socket_type::router};
  server.set(zmq::sockopt::linger, 0);
  server.bind("tcp://127.0.0.1:*");
  const Address where{"zmq+" + server.get(zmq::sockopt::last_endpoint)};
  EXPECT_EQ(refusal(where, {.handshake = 200ms}), Code::timed_out);
}

TEST_F(ZmqTrapsTest, APortThatSpeaksNoZeroMqIsRefused) {
  const auto web = [] {
    UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return socket;
  }();
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(web.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(web.get(), 8), 0);
  socklen_t size = sizeof at;
  ::getsockname(web.get(), reinterpret_cast<sockaddr*>(&at), &size);
  std::jthread answers{[&] {
    const UniqueFd client{::accept(web.get(), nullptr, nullptr)};
    write_raw(client.get(),
              "HTTP/1.1 400 Bad Request\r\n\r\n................................................");
  }};
  const Error refused = refusal(
      Address{"zmq+tcp://127.0.0.1:" + std::to_string(ntohs(at.sin_port))}, {.handshake = 2s});
  EXPECT_EQ(refused, Code::refused) << refused.what();
}

// libzmq ends the process where a descriptor is missing at the wrong moment.
TEST_F(ZmqTrapsTest, ShortOfDescriptorsItSaysSoAndLives) {
  Child child{[] {
    ZmqTransport transport{ZmqTransport::Below::tcp};
    const auto listener = transport.listen("zmq+tcp://127.0.0.1:0", {}).value();
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 120;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<std::unique_ptr<FrameConnection>> kept;
    std::optional<Error> failed;
    while (!failed) {
      ASSERT_LT(kept.size(), limit.rlim_cur);
      const auto dial = transport.dial(listener->address(), {.handshake = 500ms}).value();
      Result<std::unique_ptr<FrameConnection>> client{nullptr};
      while (client && *client == nullptr) {
        client = dial->step();
        if (auto accepted = listener->try_accept(); accepted && *accepted != nullptr) {
          kept.push_back(std::move(*accepted));
        }
      }
      if (client) {
        kept.push_back(std::move(*client));
      } else {
        failed = client.error();
      }
    }
    EXPECT_TRUE(*failed == Code::overloaded || *failed == Code::timed_out) << failed->what();
  }};
  EXPECT_EQ(child.join(), 0);
}

}  // namespace
}  // namespace troupe::harness
