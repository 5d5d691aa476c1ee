// SPDX-License-Identifier: Apache-2.0
// Peers of tls: that speak something else, speak slowly, say nothing, or end without a word.
#include "harness/child.hpp"
#include "transports/tls/tls_fixture.hpp"
#include "troupe/transports/socket/tcp_transport.hpp"

#include <netinet/in.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): raise of SIGKILL
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;
using transports::FrameConnection;
using transports::FrameListener;
using transports::Lane;
using transports::Progress;
using transports::TcpTransport;
using transports::When;

class TlsPeersTest : public TlsTest {
 protected:
  // Goes on with the listener until it has dropped somebody.
  static Error dropped_by(FrameListener& listener) {
    for (;;) {
      EXPECT_EQ(listener.try_accept().value(), nullptr) << "it has accepted";
      if (auto dropped = listener.take_dropped(); !dropped.empty()) {
        return dropped.front();
      }
      pollfd item{listener.readable().fd, POLLIN, 0};
      const auto left = listener.wake().left() / 1ms;
      ::poll(&item, 1, static_cast<int>(std::min<std::int64_t>(left + 1, 1000)));
    }
  }

  // A client in the clear.
  std::unique_ptr<FrameConnection> plain_client(std::uint16_t port,
                                                const ConnectOptions& options = {}) {
    const auto dial = tcp_.dial("tcp://127.0.0.1:" + std::to_string(port), options).value();
    for (;;) {
      if (auto connection = dial->step().value()) {
        return connection;
      }
    }
  }
  // A listener in the clear, as a thread that serves one client.
  class PlainListener {
   public:
    explicit PlainListener(const std::function<void(FrameConnection&)>& serve)
        : listener_(TcpTransport{}.listen("tcp://127.0.0.1:0", {}).value()), thread_([this, serve] {
            wait_readable(listener_->readable().fd);
            serve(*listener_->try_accept().value());
          }) {}
    std::uint16_t port() const { return listener_->address().port(); }

   private:
    std::unique_ptr<FrameListener> listener_;
    std::jthread thread_;
  };

  TcpTransport tcp_;
};

// ---- plaintext at the other end ----------------------------------------------------------------

TEST_F(TlsPeersTest, APlaintextClientIsDroppedAndBothSidesSayWhy) {
  const auto listener = listen(of_listener());
  const auto plain = plain_client(listener->address().port());
  send(*plain, "hello");
  const Error dropped = dropped_by(*listener);
  EXPECT_TRUE(says(dropped, "what it says is not TLS; is it a client of tcp:"));
  const Error told = receive_error(*plain);
  EXPECT_EQ(told, Code::malformed);
  EXPECT_TRUE(says(told, "the bytes look like TLS"));
  expect_service(*listener);
}

TEST_F(TlsPeersTest, APlaintextListenerThatSpeaksFirstIsNamed) {
  PlainListener talks{[](FrameConnection& client) {
    send(client, "#CHALLENGE# as one with a key does");
    (void)receive_error(client);
  }};
  const Error refused = refusal_at(talks.port(), of_client());
  EXPECT_EQ(refused, Code::refused);
  EXPECT_TRUE(says(refused, "what the peer says is not TLS; is it a listener of tcp:"));
}

TEST_F(TlsPeersTest, APlaintextListenerThatHangsUpIsNamed) {
  std::string seen;
  {
    PlainListener hears{[&](FrameConnection& client) { seen = receive_error(client).what(); }};
    const Error refused = refusal_at(hears.port(), of_client());
    EXPECT_EQ(refused, Code::refused);
    EXPECT_TRUE(says(refused, "hung up during the TLS handshake; is it a listener of tls:"));
  }
  EXPECT_NE(seen.find("the bytes look like TLS"), std::string::npos) << seen;
}

TEST_F(TlsPeersTest, APlaintextListenerThatWaitsEndsWithTheHandshakesDeadline) {
  std::jthread ended;
  const auto [release, held] = raw_pipe();
  {
    PlainListener waits{[fd = release.get()](FrameConnection& /*client*/) { wait_readable(fd); }};
    ConnectOptions options = of_client();
    options.handshake = 20ms;
    const Error late = refusal_at(waits.port(), options);
    EXPECT_EQ(late, Code::timed_out);
    EXPECT_TRUE(says(late, "ConnectOptions::handshake"));
    write_raw(held.get(), "!");
  }
}

TEST_F(TlsPeersTest, GarbageAtThePortHurtsNobodyElse) {
  const auto listener = listen(of_listener());
  for (const Bytes& garbage :
       {from_hex("00 00 00 05 68 65 6c 6c 6f"), from_hex("16 03 01 ff ff 01 02 03"),
        from_hex("16 03 01 00 05 01 00 00 01 00"), from_hex("15 03 03 00 02 02 28"), Bytes(70'000),
        pattern(70'000, 3), from_hex("80 2e 01 00 02 00 15 00 00 00 10")}) {
    const auto vandal = plain_client(listener->address().port(), {.framing = Framing::raw});
    Outgoing message{garbage};
    (void)vandal->try_send(message.frame, Lane::data, When::now);
    vandal->close();
    const Error dropped = dropped_by(*listener);
    EXPECT_TRUE(dropped == Code::refused || dropped == Code::disconnected) << dropped.what();
    expect_service(*listener);
  }
}

// ---- versions ----------------------------------------------------------------------------------

TEST_F(TlsPeersTest, AClientOfAnOlderTlsIsRefused) {
  const auto listener = listen(of_listener());
  const RawPeer old = ForeignTls{.only_old = true}.connect(listener->address().port());
  EXPECT_TRUE(says(dropped_by(*listener), "older TLS only; TLS 1.3 is needed"));
  EXPECT_TRUE(read_to_end(old.reads()).empty());
}

TEST_F(TlsPeersTest, AListenerOfAnOlderTlsIsRefused) {
  const ForeignListener old{{.own = TestCertificates::get().listener(), .only_old = true}};
  const Error refused = refusal_at(old.port(), of_client());
  EXPECT_EQ(refused, Code::refused);
  EXPECT_TRUE(says(refused, "TLS 1.3"));
}

// ---- slow clients ------------------------------------------------------------------------------

TEST_F(TlsPeersTest, AClientThatSaysNothingDelaysNobodyAndIsDroppedAtItsDeadline) {
  ConnectOptions options = of_listener();
  options.handshake = 300ms;
  const auto listener = listen(options);
  EXPECT_TRUE(listener->wake().is_never());
  const auto silent = plain_client(listener->address().port());
  wait_readable(listener->readable().fd);
  EXPECT_EQ(listener->try_accept().value(), nullptr);
  EXPECT_FALSE(listener->wake().is_never()) << "who waits must look again";
  expect_service(*listener);
  const Error dropped = dropped_by(*listener);
  EXPECT_EQ(dropped, Code::timed_out);
  EXPECT_TRUE(listener->wake().is_never());
  const Error end = receive_error(*silent);
  EXPECT_TRUE(end == Code::closed || end == Code::disconnected) << end.what();
}

TEST_F(TlsPeersTest, AHandshakeByteByByteEndsAtTheSameDeadline) {
  ConnectOptions options = of_listener();
  options.handshake = 100ms;
  const auto listener = listen(options);
  const auto drips = plain_client(listener->address().port(), {.framing = Framing::raw});
  std::optional<Error> dropped;
  send(*drips, "\x16");
  for (int i = 0; !dropped; ++i) {
    Outgoing next{std::string(1, i == 0 ? '\x03' : '\x01')};
    if (i < 5) {
      (void)drips->try_send(next.frame, Lane::data, When::now);
    }
    EXPECT_EQ(listener->try_accept().value(), nullptr);
    if (auto reasons = listener->take_dropped(); !reasons.empty()) {
      dropped = reasons[0];
    }
    ::poll(nullptr, 0, 1);
  }
  EXPECT_EQ(*dropped, Code::timed_out);
}

TEST_F(TlsPeersTest, AFloodOfSilentClientsPushesOutItsOwnOldest) {
  ConnectOptions options = of_listener();
  options.handshake = 1h;
  const auto listener = listen(options);
  constexpr int kFlood = 264;
  std::vector<std::unique_ptr<FrameConnection>> silent;
  std::vector<Error> dropped;
  for (int i = 0; i < kFlood; ++i) {
    silent.push_back(plain_client(listener->address().port()));
    EXPECT_EQ(listener->try_accept().value(), nullptr);
    for (Error& why : listener->take_dropped()) {
      dropped.push_back(std::move(why));
    }
  }
  ASSERT_EQ(dropped.size(), 8U);
  EXPECT_TRUE(says(dropped[0], "too many handshakes"));
  EXPECT_EQ(receive_error(*silent[0]), Code::closed);
  const auto dial = transport_.dial(listener->address(), of_client()).value();
  const auto good = meet(*listener, *dial);
  send(*good.second, "hello");
  EXPECT_EQ(receive_text(*good.first), "hello");
}

// ---- ends --------------------------------------------------------------------------------------

TEST_F(TlsPeersTest, AnEndWithoutAWordIsNoCleanEndWhereverItComes) {
  const auto listener = listen(of_listener());
  const Bytes half = from_hex("00 00 00 05 68 65");
  for (const std::size_t cut : {std::size_t{0}, std::size_t{4}, std::size_t{6}}) {
    for (const bool announced : {true, false}) {
      RawPeer peer = ForeignTls{.announces_end = announced}.connect(listener->address().port());
      std::unique_ptr<FrameConnection> accepted;
      while (accepted == nullptr) {
        wait_readable(listener->readable().fd);
        accepted = listener->try_accept().value();
      }
      write_raw(peer.writes(), from_hex("00 00 00 02 6f 6b"));
      write_raw(peer.writes(), std::span{half}.first(cut));
      peer.close();
      EXPECT_EQ(receive_text(*accepted), "ok");
      const Error end = receive_error(*accepted);
      const Code clean = cut == 0 ? Code::closed : Code::malformed;
      EXPECT_EQ(end, announced ? clean : Code::disconnected) << end.what();
      EXPECT_EQ(receive_error(*accepted), end.code()) << "it stays so";
    }
  }
}

TEST_F(TlsPeersTest, AKilledPeerIsSeenAndWhatItSentIsReceived) {
  const auto listener = listen(of_listener());
  Child child{[&] {
    const auto dial = transport_.dial(listener->address(), of_client()).value();
    std::unique_ptr<FrameConnection> connection;
    while (connection == nullptr) {
      connection = dial->step().value();
    }
    send(*connection, "last words");
    ::raise(SIGKILL);
  }};
  std::unique_ptr<FrameConnection> accepted;
  while (accepted == nullptr) {
    wait_readable(listener->readable().fd);
    accepted = listener->try_accept().value();
  }
  EXPECT_EQ(receive_text(*accepted), "last words");
  const Error end = receive_error(*accepted);
  EXPECT_EQ(end, Code::disconnected);
  EXPECT_TRUE(says(end, "it was killed, or somebody has cut the connection off"));
  EXPECT_EQ(child.join(), -SIGKILL);
}

TEST_F(TlsPeersTest, AForkedCopyOfAnEndDoesNotSpeakForIt) {
  const auto listener = listen(of_listener());
  const Outcome ends = try_to_meet(*listener, of_client());
  {
    Child copy{[&] {
      Outgoing message{"I am it, too"};
      EXPECT_EQ(ends.client->try_send(message.frame, Lane::data, When::now).error(), Code::refused);
      EXPECT_TRUE(ends.accepted->try_finish());
      ends.client->close();
      ends.accepted->close();
    }};
    EXPECT_EQ(copy.join(), 0);
  }
  send(*ends.client, "still here");
  EXPECT_EQ(receive_text(*ends.accepted), "still here");
}

TEST_F(TlsPeersTest, AnEndThatIsFinishedIsCleanAlsoBehindAFullSocket) {
  const auto listener = listen(of_listener());
  Outcome ends = try_to_meet(*listener, of_client());
  Outgoing large{pattern(16 << 20)};
  ASSERT_EQ(ends.client->try_send(large.frame, Lane::data, When::now).value(),
            Progress::would_block);
  ends.client->take_over(large.frame);
  EXPECT_EQ(ends.client->try_finish().value(), Progress::would_block);
  bool finished = false;
  transports::IncomingFrame frame;
  while (ends.accepted->try_receive(frame).value() != Progress::done) {
    finished = ends.client->try_finish().value() == Progress::done;
  }
  EXPECT_TRUE(finished);
  EXPECT_EQ(receive_error(*ends.accepted), Code::closed);
}

TEST_F(TlsPeersTest, ManySmallMessagesAndALargeOneCross) {
  const auto listener = listen(of_listener());
  const Outcome ends = try_to_meet(*listener, of_client());
  constexpr int kMessages = 20'000;
  const std::jthread sender{[&] {
    for (int i = 0; i < kMessages; ++i) {
      Outgoing message{std::to_string(i)};
      ASSERT_TRUE(send_waiting(*ends.client, message));
    }
    Outgoing large{pattern(1 << 20)};
    ASSERT_TRUE(send_waiting(*ends.client, large));
    ASSERT_TRUE(flush_waiting(*ends.client));
  }};
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(receive_text(*ends.accepted), std::to_string(i));
  }
  EXPECT_TRUE(receive(*ends.accepted).value() == pattern(1 << 20));
}

TEST_F(TlsPeersTest, WhatWasChangedOnTheWayIsMalformed) {
  const auto listener = listen(of_listener());
  const auto middle = tcp_.listen("tcp://127.0.0.1:0", {}).value();
  const Address where{"tls://127.0.0.1:" + std::to_string(middle->address().port())};
  const auto dial = transport_.dial(where, of_client()).value();
  EXPECT_EQ(dial->step().value(), nullptr);
  wait_readable(middle->readable().fd);
  auto near = middle->try_accept().value()->hand_over().value().input;
  auto far = plain_client(listener->address().port())->hand_over().value().input;

  // Carries what is here, once; `flip` changes the last byte.
  const auto carry = [](const UniqueFd& from, const UniqueFd& to, bool flip) {
    Bytes bytes(1 << 16);
    const ssize_t count = ::recv(from.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
      bytes.resize(static_cast<std::size_t>(count));
      bytes.back() ^= flip ? std::byte{1} : std::byte{0};
      write_raw(to.get(), bytes);
    }
    return count > 0;
  };
  std::unique_ptr<FrameConnection> client;
  std::unique_ptr<FrameConnection> accepted;
  while (client == nullptr || accepted == nullptr) {
    if (client == nullptr) {
      client = dial->step().value();
    }
    if (accepted == nullptr) {
      accepted = listener->try_accept().value();
    }
    (void)carry(near, far, false);
    (void)carry(far, near, false);
    ::poll(nullptr, 0, 1);
  }
  send(*client, "transfer 10");
  wait_readable(near.get());
  ASSERT_TRUE(carry(near, far, true));

  const Error error = receive_error(*accepted);
  EXPECT_EQ(error, Code::malformed);
  EXPECT_TRUE(says(error, "not what the peer encrypted"));
}

}  // namespace
}  // namespace troupe::harness
