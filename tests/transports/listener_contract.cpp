// SPDX-License-Identifier: Apache-2.0
// What every Transport promises about listening and dialling (transports/transport.hpp).
#include "harness/child.hpp"
#include "harness/sanitized.hpp"
#include "transports/transport_test.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace troupe::harness {
namespace {

using transports::ConnectionPair;
using transports::Dial;
using transports::FrameConnection;

bool names(const Error& error, const Address& address) {
  return std::string_view{error.what()}.find(address.path()) != std::string_view::npos &&
         std::string_view{error.what()}.find(address.scheme()) != std::string_view::npos;
}

// ---- meeting -----------------------------------------------------------------------------------

TEST_P(FrameListenerTest, AClientReachesTheAddressThatTheListenerNames) {  // LS-05
  const auto listener = listen();
  EXPECT_TRUE(listener->address().valid());
  EXPECT_EQ(listener->address().scheme(), transport().scheme());

  const ConnectionPair ends = connect(*listener);
  send(*ends.second, "hello");
  EXPECT_EQ(receive_text(*ends.first), "hello");
  send(*ends.first, "hello yourself");
  EXPECT_EQ(receive_text(*ends.second), "hello yourself");
}

TEST_P(FrameListenerTest, WhatAClientSaidBeforeItLeftIsStillReceived) {  // LS-06
  const auto listener = listen();
  const auto dial = transport().dial(listener->address(), {}).value();
  std::unique_ptr<FrameConnection> accepted;
  if (GetParam().dial_waits || GetParam().needs_accept) {
    ConnectionPair ends = meet(*listener, *dial);  // it cannot connect before somebody accepts
    send(*ends.second, "gone soon");
    accepted = std::move(ends.first);
  } else {
    std::unique_ptr<FrameConnection> client;
    while (client == nullptr) {
      client = dial->step().value();
    }
    send(*client, "gone soon");
    client.reset();
    while (accepted == nullptr) {
      wait_readable(listener->readable().fd);
      accepted = listener->try_accept().value();
    }
  }
  EXPECT_EQ(receive_text(*accepted), "gone soon");
  EXPECT_EQ(receive_error(*accepted), Code::closed);
}

TEST_P(FrameListenerTest, TheAccepterMaySpeakFirst) {  // LS-07
  const auto listener = listen();
  const ConnectionPair ends = connect(*listener);
  send(*ends.first, "welcome");
  await_receivable(*ends.second);
  EXPECT_EQ(receive_text(*ends.second), "welcome");
}

TEST_P(FrameListenerTest, IsReadableWhileSomebodyWaits) {
  const auto listener = listen();
  EXPECT_EQ(listener->try_accept().value(), nullptr);
  EXPECT_FALSE(is_readable(listener->readable().fd));
  const auto dial = transport().dial(listener->address(), {}).value();
  std::unique_ptr<FrameConnection> client = dial->step().value();
  wait_readable(listener->readable().fd);
  const ConnectionPair ends = [&] {
    if (client != nullptr) {
      return ConnectionPair{listener->try_accept().value(), std::move(client)};
    }
    return meet(*listener, *dial);
  }();
  ASSERT_NE(ends.first, nullptr);
  EXPECT_EQ(listener->try_accept().value(), nullptr);
  EXPECT_FALSE(is_readable(listener->readable().fd));
}

TEST_P(FrameListenerTest, EachOfManyClientsHasAConnectionOfItsOwn) {  // W25
  constexpr int kClients = 60;
  const auto listener = listen();
  std::vector<std::unique_ptr<Dial>> dials;
  std::vector<std::unique_ptr<FrameConnection>> clients(kClients);
  std::vector<std::unique_ptr<FrameConnection>> accepted;
  for (int i = 0; i < kClients; ++i) {
    dials.push_back(transport().dial(listener->address(), {}).value());
  }
  int connected = 0;
  while (connected < kClients || accepted.size() < kClients) {
    for (std::size_t i = 0; i < kClients; ++i) {
      if (clients[i] == nullptr && (clients[i] = dials[i]->step().value()) != nullptr) {
        send(*clients[i], std::to_string(i));
        ++connected;
      }
    }
    while (auto next = listener->try_accept().value()) {
      accepted.push_back(std::move(next));
    }
  }
  for (auto& connection : accepted) {
    const std::string number = receive_text(*connection);
    send(*connection, "for " + number);
    EXPECT_EQ(receive_text(*clients[std::stoul(number)]), "for " + number);
  }
}

TEST_P(FrameListenerTest, AClientThatSaysNothingDelaysNobody) {  // W22
  const auto listener = listen();
  const ConnectionPair silent = connect(*listener);
  const ConnectionPair talking = connect(*listener);
  send(*talking.second, "hello");
  EXPECT_EQ(receive_text(*talking.first), "hello");
}

TEST_P(FrameListenerTest, ConnectionsOutliveTheirListener) {
  auto listener = listen();
  const ConnectionPair ends = connect(*listener);
  listener.reset();
  send(*ends.second, "still here");
  EXPECT_EQ(receive_text(*ends.first), "still here");
}

TEST_P(FrameListenerTest, BothSidesLimitsHold) {
  const auto listener = listen({.max_message = 100});
  const auto dial = transport().dial(listener->address(), {.max_message = 200}).value();
  const ConnectionPair ends = meet(*listener, *dial);
  send(*ends.second, std::string(100, 'x'));
  EXPECT_EQ(receive_text(*ends.first), std::string(100, 'x'));
  Outgoing large{std::string(101, 'x')};
  EXPECT_FALSE(ends.first->try_send(large.frame, transports::Lane::data, transports::When::now));
  send(*ends.second, std::string(150, 'x'));
  EXPECT_EQ(receive_error(*ends.first), Code::malformed);
}

// ---- names -------------------------------------------------------------------------------------

TEST_P(FrameListenerTest, AnAddressInUseIsRefusedAndStaysWithItsOwner) {  // LS-01
  const auto first = listen();

  const auto second = transport().listen(first->address(), {});

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), Code::exists);
  EXPECT_TRUE(names(second.error(), first->address())) << second.error().what();
  const ConnectionPair ends = connect(*first);
  send(*ends.second, "hello");
  EXPECT_EQ(receive_text(*ends.first), "hello");
}

TEST_P(FrameListenerTest, AnAddressIsFreeOnceItsListenerIsGone) {
  auto listener = listen();
  const Address where = listener->address();
  for (int i = 0; i < 3; ++i) {
    listener.reset();
    listener = transport().listen(where, {}).value();
    (void)connect(*listener);
  }
}

TEST_P(FrameListenerTest, WhereNobodyListensADialSaysSoOrWaits) {
  const Address where = [&] {
    auto listener = listen();
    return listener->address();
  }();
  auto dial = transport().dial(where, {});
  std::unique_ptr<FrameConnection> client;
  if (!GetParam().dial_waits) {
    Result<std::unique_ptr<FrameConnection>> result{nullptr};
    if (dial) {
      do {
        result = (*dial)->step();
      } while (result && *result == nullptr);
    } else {
      result = dial.error();
    }
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Code::not_found);
    EXPECT_TRUE(names(result.error(), where)) << result.error().what();
    return;
  }
  EXPECT_EQ((*dial)->step().value(), nullptr);
  const auto listener = transport().listen(where, {}).value();  // either side may come first
  const ConnectionPair ends = meet(*listener, **dial);
  send(*ends.second, "I was here first");
  EXPECT_EQ(receive_text(*ends.first), "I was here first");
}

TEST_P(FrameListenerTest, WhoGivesUpDiallingLeavesNothingBehind) {
  auto listener = listen();
  const Address where = listener->address();
  if (!GetParam().dial_waits) {
    listener.reset();
  }
  if (auto dial = transport().dial(where, {})) {
    (void)(*dial)->step();
  }
  // TearDown looks for files and descriptors.
}

TEST_P(FrameListenerTest, AnAddressOfAnotherFamilyIsRefused) {  // LS-08
  const std::string scheme{transport().scheme()};
  const Address wrong = scheme == "tcp" ? "tcp:/tmp/x" : scheme + "://";
  if (scheme != "unix" && scheme != "shm" && scheme != "zmq+ipc") {  // alone they mean: choose
    const auto listened = transport().listen(wrong, {});
    ASSERT_FALSE(listened);
    EXPECT_EQ(listened.error(), Code::invalid_argument);
  }
  const auto dialled = transport().dial(wrong, {});
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error(), Code::invalid_argument);
  if (scheme == "unix" || scheme == "fifo" || scheme == "zmq+ipc") {
    EXPECT_EQ(transport().listen(scheme + "://host/tmp/x", {}).error(), Code::invalid_argument);
    EXPECT_EQ(transport().dial(scheme + "://host/tmp/x", {}).error(), Code::invalid_argument);
  }
}

// ---- between processes -------------------------------------------------------------------------

TEST_P(FrameListenerTest, AnotherProcessReachesIt) {
  if (!GetParam().crosses_processes) {
    return;
  }
  const auto listener = listen();
  Child child{[&] {
    const auto dial = GetParam().transport()->dial(listener->address(), {}).value();
    std::unique_ptr<FrameConnection> connection;
    while (connection == nullptr) {
      connection = dial->step().value();
    }
    EXPECT_EQ(receive_text(*connection), "ping");
    send(*connection, "pong");
  }};
  std::unique_ptr<FrameConnection> accepted;
  while (accepted == nullptr) {
    wait_readable(listener->readable().fd);
    accepted = listener->try_accept().value();
  }
  send(*accepted, "ping");
  EXPECT_EQ(receive_text(*accepted), "pong");
  EXPECT_EQ(receive_error(*accepted), Code::closed);
  EXPECT_EQ(child.join(), 0);
}

TEST_P(FrameListenerTest, AForkedCopyOfAListenerDoesNotTakeItsNameAway) {
  if (!GetParam().crosses_processes) {
    return;
  }
  auto listener = listen();
  Child child{[&] { listener.reset(); }};
  EXPECT_EQ(child.join(), 0);
  (void)connect(*listener);
}

TEST_P(FrameListenerTest, AKilledListenersNameIsFreeAgain) {
  if (!GetParam().crosses_processes) {
    return;
  }
  const auto told = raw_pipe();
  const Address wished = new_address();
  Child child{[&] {
    const auto listener = GetParam().transport()->listen(wished, {}).value();
    write_raw(told.second.get(), listener->address().text() + "\n");
    ::pause();
  }};
  std::string text;
  while (text.empty() || text.back() != '\n') {
    text += text_of(read_raw(told.first.get(), 1));
  }
  const Address where{text.substr(0, text.size() - 1)};
  EXPECT_EQ(transport().listen(where, {}).error(), Code::exists) << "it lives";

  child.kill_and_reap();

  if (GetParam().is_file) {
    EXPECT_EQ(::access(std::string{where.path()}.c_str(), F_OK), 0) << "a kill leaves the file";
  }
  if (!GetParam().dial_waits) {
    auto dial = transport().dial(where, {}).value();
    Result<std::unique_ptr<FrameConnection>> result{nullptr};
    do {
      result = dial->step();
    } while (result && *result == nullptr);
    EXPECT_EQ(result.error(), Code::not_found);
  }
  const auto listener = transport().listen(where, {}).value();
  const ConnectionPair ends = connect(*listener);
  send(*ends.second, "hello");
  EXPECT_EQ(receive_text(*ends.first), "hello");
}

TEST_P(FrameListenerTest, OfSeveralListenersAtOneStaleAddressExactlyOneWins) {
  if (!GetParam().is_file || GetParam().is_chosen) {
    return;  // the kernel itself decides about other names
  }
  constexpr int kRounds = 25;
  constexpr int kRivals = 3;
  for (int round = 0; round < kRounds; ++round) {
    const Address where = new_address();
    Child{[&] {  // leaves its name behind
      const auto listener = GetParam().transport()->listen(where, {}).value();
      ::_exit(0);
    }}
        .join();
    const auto start = raw_pipe();
    const auto result = raw_pipe();
    const auto end = raw_pipe();
    std::vector<std::unique_ptr<Child>> rivals;
    for (int i = 0; i < kRivals; ++i) {
      rivals.push_back(std::make_unique<Child>([&] {
        const auto mine = GetParam().transport();
        (void)read_raw(start.first.get(), 1);
        const auto listener = mine->listen(where, {});
        write_raw(result.second.get(), listener ? "1" : "0");
        (void)read_raw(end.first.get(), 1);
        EXPECT_TRUE(listener || listener.error() == Code::exists) << listener.error().what();
      }));
    }
    write_raw(start.second.get(), std::string(kRivals, '!'));
    const std::string outcome{text_of(read_raw(result.first.get(), kRivals))};
    write_raw(end.second.get(), std::string(kRivals, '!'));
    EXPECT_EQ(std::ranges::count(outcome, '1'), 1) << outcome;
    for (const auto& rival : rivals) {
      EXPECT_EQ(rival->join(), 0);
    }
    ::unlink(std::string{where.path()}.c_str());
  }
}

// ---- files -------------------------------------------------------------------------------------

TEST_P(FrameListenerTest, AFileInTheWayIsLeftAlone) {
  if (!GetParam().is_file || GetParam().is_chosen) {
    return;
  }
  const Address where = new_address();
  const std::string path{where.path()};
  std::ofstream{path} << "precious";

  EXPECT_EQ(transport().listen(where, {}).error(), Code::exists);
  if (GetParam().dial_waits) {  // a socket's file is told from others by connecting only
    EXPECT_EQ(transport().dial(where, {}).value()->step().error(), Code::invalid_argument);
  }

  std::string content;
  std::ifstream{path} >> content;
  EXPECT_EQ(content, "precious");
  ::unlink(path.c_str());
}

TEST_P(FrameListenerTest, AFolderThatIsNotThereIsNamed) {
  if (!GetParam().is_file || GetParam().is_chosen) {
    return;
  }
  const Address where{std::string{transport().scheme()} + ":" + directory() + "/missing/name"};
  const auto listened = transport().listen(where, {});
  ASSERT_FALSE(listened);
  EXPECT_EQ(listened.error(), Code::not_found);
  EXPECT_TRUE(names(listened.error(), where));
}

TEST_P(FrameListenerTest, APathThatIsTooLongIsRefused) {
  if (!GetParam().is_file || GetParam().is_chosen) {
    return;
  }
  const Address where{std::string{transport().scheme()} + ":" + directory() + "/" +
                      std::string(300, 'x')};
  const auto listened = transport().listen(where, {});
  ASSERT_FALSE(listened);
  EXPECT_EQ(listened.error(), Code::invalid_argument) << listened.error().what();
  EXPECT_TRUE(names(listened.error(), where));
  EXPECT_NE(std::string_view{listened.error().what()}.find("long"), std::string_view::npos);
}

TEST_P(FrameListenerTest, APlaceThatIsNotOursIsRefused) {
  if (!GetParam().is_file || GetParam().is_chosen) {
    return;
  }
  const Address where = new_address();
  ASSERT_EQ(::chmod(directory().c_str(), is_root() ? S_IRWXU : S_IRUSR | S_IXUSR), 0);
  const int status = run_as_nobody([&] {
    const auto listened = GetParam().transport()->listen(where, {});
    ASSERT_FALSE(listened);
    EXPECT_EQ(listened.error(), Code::refused) << listened.error().what();
    EXPECT_TRUE(names(listened.error(), where));
  });
  EXPECT_EQ(status, 0);
  ::chmod(directory().c_str(), S_IRWXU);
}

TEST_P(FrameListenerTest, AListenerThatIsNotForUsIsRefused) {
  if (!GetParam().is_file || GetParam().is_chosen || !is_root()) {
    return;  // only root can become somebody else
  }
  if (kSanitized && transport().scheme().starts_with("zmq")) {
    GTEST_SKIP() << kNoThreadsInAFork;
  }
  const Address where = new_address();
  ASSERT_EQ(::chmod(directory().c_str(), S_IRWXU | S_IXOTH), 0);
  const auto listener = transport().listen(where, {}).value();
  ASSERT_EQ(::chmod(std::string{where.path()}.c_str(), S_IRUSR | S_IWUSR), 0);
  const TemporaryDirectory own;
  ASSERT_EQ(::chmod(own.path().c_str(), 0777), 0);
  const int status = run_as_nobody([&] {
    const EnvironmentScope private_directory{"XDG_RUNTIME_DIR", own.path()};
    auto dial = GetParam().transport()->dial(where, {});
    ASSERT_TRUE(dial) << dial.error().what();
    auto result = (*dial)->step();
    while (result && *result == nullptr) {
      result = (*dial)->step();
    }
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Code::refused) << result.error().what();
    EXPECT_TRUE(names(result.error(), where));
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace troupe::harness
