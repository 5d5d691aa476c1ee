// SPDX-License-Identifier: Apache-2.0
// What every Listener promises (runtime/channel/listener.hpp): meeting, keys, handshakes that delay
// nobody. Ids: research/python-multiprocessing.md §2.10, §2.12, §4.
#include "channel/channel_test.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX

#include <atomic>
#include <future>
#include <mutex>
#include <vector>

namespace troupe::harness {
namespace {

const AuthKey kKey{"secret"};

// A client of its own thread, as another program would be.
std::future<Result<Connection>> connecting(RuntimeCore& runtime, const Address& where,
                                           ConnectOptions options = {},
                                           Deadline until = Deadline::never()) {
  return std::async(std::launch::async, [&runtime, where, options, until] {
    return connect(runtime, where, options, until);
  });
}

TEST_P(ListenerTest, ConnectsSendsAndReceives) {  // LS-05, LS-07
  auto listener = Listener::create(runtime_, address()).value();
  auto client = connecting(runtime_, listener.address());
  Connection accepted = listener.accept().value();
  ASSERT_TRUE(accepted.send_bytes(bytes("welcome")));
  Connection connected = client.get().value();
  EXPECT_EQ(outcome(connected.poll(forever)), "ok");
  EXPECT_EQ(text(connected.receive_bytes()), "welcome");
  ASSERT_TRUE(connected.send_bytes(bytes("thanks")));
  EXPECT_EQ(text(accepted.receive_bytes()), "thanks");
}

TEST_P(ListenerTest, BothProveTheKeyAndTalk) {
  const ConnectOptions options{.key = kKey};
  auto listener = Listener::create(runtime_, address(), options).value();
  for (int i = 0; i < 3; ++i) {
    auto client = connecting(runtime_, listener.address(), options);
    Connection accepted = listener.accept().value();
    Connection connected = client.get().value();
    const Bytes large = pattern(100'000);  // the limits of the handshake are lifted
    std::jthread sender{[&] { EXPECT_TRUE(connected.send_bytes(large)); }};
    EXPECT_TRUE(accepted.receive_bytes().value() == large);
  }
}

TEST_P(ListenerTest, AnEmptyKeyIsNoKey) {  // LS-04
  const ConnectOptions options{.key = AuthKey{""}};
  auto listener = Listener::create(runtime_, address(), options).value();
  auto client = connecting(runtime_, listener.address(), options);
  Connection accepted = listener.accept().value();
  Connection connected = client.get().value();
  ASSERT_TRUE(connected.send_bytes(bytes("hello")));
  EXPECT_EQ(text(accepted.receive_bytes()), "hello");
}

// ---- the wrong key, and a key on one side only -------------------------------------------------

TEST_P(ListenerTest, AWrongKeyIsRefusedOnBothSidesAndTheNextClientIsServed) {  // AU-01, AU-02
  std::mutex mutex;
  std::vector<std::string> lines;  // guarded by mutex
  TestRuntime logging{{}, Log{[&](std::string_view line) {
                        const std::lock_guard lock{mutex};
                        lines.emplace_back(line);
                      }}};
  auto listener = Listener::create(logging, address(), {.key = kKey}).value();
  auto wrong = connecting(runtime_.transports().find(address()).value()->scheme() == "inproc"
                              ? static_cast<RuntimeCore&>(logging)
                              : runtime_,
                          listener.address(), {.key = AuthKey{"guess"}});
  EXPECT_EQ(outcome(listener.accept(1s)), "timed_out");
  const auto refused = wrong.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  EXPECT_EQ(std::string_view{refused.error().what()}.find("guess"), std::string_view::npos);
  {
    const std::lock_guard lock{mutex};
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("does not know the key"), std::string::npos);
    EXPECT_EQ(lines[0].find("secret"), std::string::npos);
  }
  auto right = connecting(logging, listener.address(), {.key = kKey});
  Connection accepted = listener.accept().value();
  EXPECT_TRUE(right.get());
}

TEST_P(ListenerTest, AKeyAtTheListenerAloneIsNamedToAClientThatListens) {  // W22
  auto listener = Listener::create(runtime_, address(), {.key = kKey}).value();
  auto client = connecting(runtime_, listener.address());
  std::jthread accepting{[&] { EXPECT_EQ(outcome(listener.accept(1s)), "timed_out"); }};
  Connection connected = client.get().value();
  for (int i = 0; i < 2; ++i) {
    const auto received = connected.receive_bytes();
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Code::refused) << received.error().what();
    EXPECT_NE(std::string_view{received.error().what()}.find("ConnectOptions::key"),
              std::string_view::npos);
  }
  EXPECT_EQ(outcome(connected.poll(forever)), "refused");
}

TEST_P(ListenerTest, AKeyAtTheListenerAloneIsNamedToAClientThatTalks) {  // W22
  auto listener = Listener::create(runtime_, address(), {.key = kKey}).value();
  auto client = connecting(runtime_, listener.address());
  std::jthread accepting{[&] { EXPECT_EQ(outcome(listener.accept(1s)), "timed_out"); }};
  Connection connected = client.get().value();
  (void)connected.send_bytes(bytes("hello, here I am"));
  EXPECT_EQ(outcome(connected.receive_bytes()), "refused");
}

TEST_P(ListenerTest, AKeyAtTheClientAloneEndsWithTheHandshakesDeadline) {  // W22
  auto listener = Listener::create(runtime_, address()).value();
  auto client = connecting(runtime_, listener.address(), {.key = kKey, .handshake = 300ms});
  Connection accepted = listener.accept().value();
  const auto connected = client.get();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error(), Code::timed_out);
  EXPECT_NE(std::string_view{connected.error().what()}.find("may have no key"),
            std::string_view::npos);
  EXPECT_EQ(outcome(accepted.receive_bytes()), "closed");
}

TEST_P(ListenerTest, AKeyAtTheClientAloneIsNamedWhenTheListenerTalks) {  // W22
  auto listener = Listener::create(runtime_, address()).value();
  auto client = connecting(runtime_, listener.address(), {.key = kKey});
  Connection accepted = listener.accept().value();
  ASSERT_TRUE(accepted.send_bytes(bytes("welcome")));
  const auto connected = client.get();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error(), Code::refused);
  EXPECT_NE(std::string_view{connected.error().what()}.find("does the peer use a key?"),
            std::string_view::npos);
}

// ---- slow and hostile clients ------------------------------------------------------------------

TEST_P(ListenerTest, ASilentClientDoesNotDelayTheAcceptOfOthers) {  // W22
  auto listener = Listener::create(runtime_, address(), {.key = kKey}).value();
  auto accepting = std::async(std::launch::async, [&] { return listener.accept(); });
  const Connection silent = connecting(runtime_, listener.address()).get().value();
  auto talking = connecting(runtime_, listener.address(), {.key = kKey});
  Connection accepted = accepting.get().value();
  Connection connected = talking.get().value();
  ASSERT_TRUE(connected.send_bytes(bytes("hello")));
  EXPECT_EQ(text(accepted.receive_bytes()), "hello");
}

TEST_P(ListenerTest, ASilentClientIsDroppedAtTheHandshakesDeadline) {  // W22
  auto listener = Listener::create(runtime_, address(), {.key = kKey, .handshake = 300ms}).value();
  auto client = connecting(runtime_, listener.address());
  std::jthread accepting{[&](const std::stop_token& seen) {
    while (!seen.stop_requested()) {
      EXPECT_EQ(outcome(listener.accept(5ms)), "timed_out");
    }
  }};
  Connection silent = client.get().value();
  EXPECT_EQ(outcome(silent.receive_bytes()), "refused") << "the challenge";
  // Then the end: dropped. (A refused connection stays refused; its descriptor tells.)
  wait_readable(silent.fileno());
}

TEST_P(ListenerTest, GarbageInAHandshakeHurtsNobodyElse) {
  if (GetParam().address.starts_with("inproc")) {
    return;  // whole frames; AWrongKeyIsRefusedOnBothSides has those
  }
  auto listener = Listener::create(runtime_, address(), {.key = kKey}).value();
  for (const std::string& garbage :
       {std::string{"GET / HTTP/1.1\r\n\r\n"}, std::string{"\x7f\xff\xff\xff"},
        std::string(4, '\xff'), std::string(100'000, 'x'), std::string{"\0\0\0\1", 4},
        std::string{}}) {
    auto accepting = std::async(std::launch::async, [&] { return listener.accept(); });
    auto vandal = connecting(runtime_, listener.address(), {.framing = Framing::raw}).get();
    std::jthread writing{[&] { (void)vandal.value().send_bytes(bytes(garbage), 100ms); }};
    EXPECT_TRUE(connecting(runtime_, listener.address(), {.key = kKey}).get());
    EXPECT_TRUE(accepting.get());
  }
}

TEST_P(ListenerTest, ManyClientsAtOnceAreAllServed) {  // W25
  constexpr int kClients = 24;
  auto listener = Listener::create(runtime_, address(), {.key = kKey}).value();
  std::vector<std::future<Result<Connection>>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(connecting(runtime_, listener.address(), {.key = kKey}));
  }
  std::vector<Connection> accepted;
  for (int i = 0; i < kClients; ++i) {
    accepted.push_back(listener.accept().value());
  }
  for (auto& client : clients) {
    EXPECT_TRUE(client.get());
  }
}

// ---- waiting -----------------------------------------------------------------------------------

TEST_P(ListenerTest, AcceptEndsAtItsDeadline) {  // W22
  auto listener = Listener::create(runtime_, address()).value();
  EXPECT_EQ(outcome(listener.accept(0s)), "timed_out");
  const auto accepted = listener.accept(5ms);
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error(), Code::timed_out);
  EXPECT_NE(std::string_view{accepted.error().what()}.find(listener.address().text()),
            std::string_view::npos);
}

TEST_P(ListenerTest, AStopCutsAcceptShort) {
  TestRuntime stopping;
  auto listener = Listener::create(stopping, address()).value();
  std::jthread accepting{[&] { EXPECT_EQ(outcome(listener.accept()), "cancelled"); }};
  stopping.request_stop();
  accepting.join();
  EXPECT_EQ(outcome(listener.accept(1h)), "cancelled");
}

TEST_P(ListenerTest, SignalsAreNotVisibleToAWaitingAccept) {  // CN-19
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  auto listener = Listener::create(runtime_, address()).value();
  std::jthread pest{[&, waiting = ::pthread_self()] {
    for (int i = 0; i < 50; ++i) {
      ::pthread_kill(waiting, SIGUSR1);
      std::this_thread::sleep_for(200us);
    }
    Connection client = troupe::connect(runtime_, listener.address()).value();
    EXPECT_EQ(text(client.receive_bytes()), "welcome");
  }};
  Connection accepted = listener.accept().value();
  ASSERT_TRUE(accepted.send_bytes(bytes("welcome")));
  pest.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(ListenerTest, ConnectingWhereNobodyListensIsToldWithinTheDeadline) {
  Address where;
  {
    auto listener = Listener::create(runtime_, address()).value();
    where = listener.address();
  }
  const auto connected = troupe::connect(runtime_, where, {}, 20ms);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error(), where.scheme() == "fifo" ? Code::timed_out : Code::not_found);
  EXPECT_NE(std::string_view{connected.error().what()}.find(where.text()), std::string_view::npos)
      << connected.error().what();
}

TEST_P(ListenerTest, AStopCutsConnectingShort) {
  TestRuntime stopping;
  if (GetParam().address.starts_with("fifo")) {
    std::jthread client{[&] {
      EXPECT_EQ(outcome(troupe::connect(stopping, address(), {}, forever)), "cancelled");
    }};
    stopping.request_stop();
    return;
  }
  // The others know at once whether somebody listens; the wait is the handshake's.
  auto listener = Listener::create(
      GetParam().crosses_processes ? static_cast<RuntimeCore&>(runtime_) : stopping, address());
  Result<Connection> accepted = Error{Code::closed, "not yet"};  // outlives the client's try
  std::jthread client{[&, where = listener.value().address()] {
    EXPECT_EQ(outcome(troupe::connect(stopping, where, {.key = kKey}, forever)), "cancelled");
  }};
  accepted = listener.value().accept(forever);
  stopping.request_stop();
}

// ---- names -------------------------------------------------------------------------------------

TEST_P(ListenerTest, AnAddressInUseIsTold) {  // LS-01
  auto listener = Listener::create(runtime_, address()).value();
  EXPECT_EQ(outcome(Listener::create(runtime_, listener.address())), "exists");
}

TEST_P(ListenerTest, AScopeFreesTheAddressAndCloseDoesToo) {  // LS-02
  Address where;
  {
    auto listener = Listener::create(runtime_, address()).value();
    where = listener.address();
  }
  auto listener = Listener::create(runtime_, where).value();
  Listener moved = std::move(listener);
  moved.close();
  moved.close();
  for (Listener* closed : {&listener, &moved}) {  // NOLINT(bugprone-use-after-move): it is closed
    EXPECT_EQ(outcome(closed->accept()), "closed");
    EXPECT_TRUE(closed->address().empty());
    EXPECT_EQ(closed->ready_fd(), -1);
  }
  EXPECT_TRUE(Listener::create(runtime_, where));
}

TEST_P(ListenerTest, ConnectionsOutliveTheirListener) {
  auto listener = Listener::create(runtime_, address()).value();
  auto client = connecting(runtime_, listener.address());
  Connection accepted = listener.accept().value();
  Connection connected = client.get().value();
  listener.close();
  ASSERT_TRUE(connected.send_bytes(bytes("still here")));
  EXPECT_EQ(text(accepted.receive_bytes()), "still here");
}

}  // namespace
}  // namespace troupe::harness
