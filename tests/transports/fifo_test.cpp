// SPDX-License-Identifier: Apache-2.0
#include "harness/child.hpp"
#include "transports/transport_test.hpp"
#include "troupe/transports/fifo/fifo_transport.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace troupe::harness {
namespace {

using transports::ConnectionPair;
using transports::Dial;
using transports::Direction;
using transports::FifoTransport;
using transports::FrameConnection;
using transports::FrameListener;
using transports::Transport;

const auto kFifo = [] { return std::make_unique<FifoTransport>(); };

// The reader gets its end with the first bytes: a first message goes ahead.
ConnectionPair meet_directly(FrameListener& listener, Dial& dial, bool listener_reads) {
  ConnectionPair ends;
  auto& writer = ends.second;
  auto& reader = ends.first;
  while (writer == nullptr || reader == nullptr) {
    if (writer == nullptr) {
      writer = listener_reads ? dial.step().value() : listener.try_accept().value();
      if (writer != nullptr) {
        send(*writer, "1");
      }
    }
    if (reader == nullptr) {
      reader = listener_reads ? listener.try_accept().value() : dial.step().value();
    }
  }
  EXPECT_EQ(receive_text(*reader), "1");
  return ends;
}

Way direct_way(std::string name, bool listener_reads) {
  return {std::move(name),
          [=](Transport& transport, const ConnectOptions& options) {
            const TemporaryDirectory directory;
            const std::string where = "fifo:" + directory.file("pipe");
            const auto listener =
                transport
                    .listen(where + (listener_reads ? "?direct=read" : "?direct=write"), options)
                    .value();
            const auto dial =
                transport.dial(where + (listener_reads ? "?direct=write" : "?direct=read"), options)
                    .value();
            return meet_directly(*listener, *dial, listener_reads);
          },
          kFifo,
          {}};
}

const auto kPairs = testing::Values(
    pair_way("duplex", kFifo, "fifo:", Direction::duplex, {.duplex = true}),
    pair_way("one_way", kFifo, "fifo:", Direction::one_way, {}),
    direct_way("direct_to_the_listener", true), direct_way("direct_from_the_listener", false));
const auto kRendezvous =
    testing::Values(listener_way("rendezvous", kFifo, "fifo:%d/meeting", {.duplex = true}));

INSTANTIATE_TEST_SUITE_P(FifoPair, FrameConnectionTest, kPairs, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(FifoPair, StreamTest, kPairs, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(FifoPair, FramingTest, kPairs, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Fifo, FrameConnectionTest, kRendezvous, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Fifo, StreamTest, kRendezvous, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Fifo, FrameListenerTest,
                         testing::Values(Place{.name = "rendezvous",
                                               .transport = kFifo,
                                               .address = "fifo:%d/meeting%n",
                                               .dial_waits = true,
                                               .is_file = true}),
                         testing::PrintToStringParamName());

class FifoTest : public testing::Test {
 protected:
  std::unique_ptr<FrameConnection> accept(FrameListener& listener) {
    for (;;) {
      if (auto accepted = listener.try_accept().value()) {
        return accepted;
      }
      pollfd item{listener.readable().fd, POLLIN, 0};
      ::poll(&item, 1, item.fd < 0 ? 1 : -1);
    }
  }
  std::unique_ptr<FrameConnection> finish(Dial& dial) {
    for (;;) {
      if (auto connection = dial.step().value()) {
        return connection;
      }
      pollfd item{dial.readiness().fd, POLLIN, 0};
      ::poll(&item, 1, item.fd < 0 ? 1 : -1);
    }
  }

  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
  const std::string path_ = directory_.file("pipe");
  const Address where_{"fifo:" + path_};
  FifoTransport transport_;
};

// ---- direct: shells at the other end -----------------------------------------------------------

TEST_F(FifoTest, AShellsEchoIsReadAsLines) {
  const auto listener = transport_.listen(where_, {.framing = Framing::lines}).value();
  for (int i = 0; i < 2; ++i) {  // one after the other
    ASSERT_EQ(std::system(("printf 'hello\\nfrom the shell\\n' > " + path_ + " &").c_str()), 0);
    const auto connection = accept(*listener);
    EXPECT_EQ(receive_text(*connection), "hello");
    EXPECT_EQ(receive_text(*connection), "from the shell");
    EXPECT_EQ(receive_error(*connection), Code::closed);
  }
}

TEST_F(FifoTest, AShellThatWaitsToWriteIsMetByALateReader) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  ASSERT_EQ(std::system(("printf 'hello\\n' > " + path_ + " &").c_str()), 0);
  const auto dial =
      transport_.dial(where_.text() + "?direct=read", {.framing = Framing::lines}).value();
  const auto connection = finish(*dial);
  EXPECT_EQ(receive_text(*connection), "hello");
  EXPECT_EQ(receive_error(*connection), Code::closed);
}

TEST_F(FifoTest, ACatThatWaitsIsWrittenTo) {
  const std::string out = directory_.file("out");
  for (const bool as_listener : {true, false}) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);  // a listener removes it
    ASSERT_EQ(std::system(("{ cat " + path_ + "; echo done; } > " + out + " &").c_str()), 0);
    std::unique_ptr<FrameConnection> connection;
    if (as_listener) {
      const auto listener =
          transport_.listen(where_.text() + "?direct=write", {.framing = Framing::lines}).value();
      connection = accept(*listener);
    } else {
      connection = finish(*transport_.dial(where_, {.framing = Framing::lines}).value());
    }
    send(*connection, "hello");
    connection.reset();
    std::string content;
    while (content.find("done") == std::string::npos) {
      const UniqueFd file{::open(out.c_str(), O_RDONLY | O_CLOEXEC)};
      content = text_of(read_to_end(file.get()));
    }
    EXPECT_EQ(content, "hello\ndone\n");
  }
}

TEST_F(FifoTest, AWriterMayComeBeforeTheReaderAccepts) {
  const auto listener = transport_.listen(where_.text() + "?direct=read", {}).value();
  const auto writer = finish(*transport_.dial(where_.text() + "?direct=write", {}).value());
  send(*writer, "early");
  const auto reader = accept(*listener);
  EXPECT_EQ(receive_text(*reader), "early");
}

TEST_F(FifoTest, ADirectListenersAddressIsInUseBeforeItAccepts) {
  const auto listener = transport_.listen(where_.text() + "?direct=read", {}).value();
  EXPECT_EQ(transport_.listen(where_.text() + "?direct=read", {}).error(), Code::exists);
  EXPECT_EQ(transport_.listen(where_, {}).error(), Code::exists);
}

TEST_F(FifoTest, DirectIsReadOrWrite) {
  EXPECT_EQ(transport_.listen(where_.text() + "?direct=both", {}).error(), Code::invalid_argument);
  EXPECT_EQ(transport_.dial(where_.text() + "?direct=", {}).error(), Code::invalid_argument);
}

// ---- rendezvous --------------------------------------------------------------------------------

TEST_F(FifoTest, GarbageInTheMeetingPlaceHurtsNobodyElse) {
  const auto listener = transport_.listen(where_, {}).value();
  const UniqueFd vandal{::open(path_.c_str(), O_WRONLY | O_CLOEXEC)};
  const std::string magic{"TRF\x01", 4};
  for (const std::string& garbage :
       {std::string{"GET / HTTP/1.1\r\n"}, std::string(4000, '\xff'), std::string(3, '\0'),
        magic + std::string{"\xff\xff"}, magic + std::string{"\x0f\xf0", 2} + "short",
        magic + std::string{"\x00\x03"
                            "a\0b",
                            5},
        magic + std::string{"\x00\x0c", 2} + "/no/such/way", magic, magic.substr(0, 2)}) {
    write_raw(vandal.get(), garbage);
    const auto dial = transport_.dial(where_, {}).value();
    const ConnectionPair ends = meet(*listener, *dial);
    send(*ends.second, "hello");
    EXPECT_EQ(receive_text(*ends.first), "hello");
  }
}

TEST_F(FifoTest, AVandalWhoWritesWithoutEndHurtsNobodyElse) {
  const auto listener = transport_.listen(where_, {}).value();
  Child vandal{[&] {
    const UniqueFd pipe{::open(path_.c_str(), O_WRONLY | O_CLOEXEC)};
    const std::string garbage(4096, 'x');
    for (;;) {
      write_raw(pipe.get(), garbage);
    }
  }};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(listener->try_accept().value(), nullptr) << "it comes back to its caller";
  }
  vandal.kill_and_reap();
  const auto dial = transport_.dial(where_, {}).value();
  const ConnectionPair ends = meet(*listener, *dial);
  send(*ends.second, "hello");
  EXPECT_EQ(receive_text(*ends.first), "hello");
}

TEST_F(FifoTest, AClientThatSaidHelloAndDiedLeavesNothingToSpinOn) {
  const auto listener = transport_.listen(where_, {}).value();
  Child client{[&] {
    const auto dial = FifoTransport{}.dial(where_, {}).value();
    (void)dial->step().value();
    ::raise(SIGKILL);
  }};
  EXPECT_EQ(client.join(), -SIGKILL);
  wait_readable(listener->readable().fd);
  EXPECT_EQ(listener->try_accept().value(), nullptr);
  EXPECT_FALSE(is_readable(listener->readable().fd));
  const auto dial = transport_.dial(where_, {}).value();
  const ConnectionPair ends = meet(*listener, *dial);
  send(*ends.second, "hello");
  EXPECT_EQ(receive_text(*ends.first), "hello");
}

TEST_F(FifoTest, AClientThatOpenedItsWayAndDiedLeavesNothingToSpinOn) {
  const auto listener = transport_.listen(where_, {}).value();
  const auto dial = transport_.dial(where_, {}).value();
  ASSERT_EQ(dial->step().value(), nullptr);
  wait_readable(listener->readable().fd);
  ASSERT_EQ(listener->try_accept().value(), nullptr);
  {
    // The way up, which the listener reads from now, is opened and left.
    std::string up;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path() + "/troupe")) {
      if (entry.path().extension() == ".up") {
        up = entry.path();
      }
    }
    ASSERT_FALSE(up.empty());
    const UniqueFd way{::open(up.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
    ASSERT_TRUE(way);
  }
  EXPECT_EQ(listener->try_accept().value(), nullptr);
  EXPECT_FALSE(is_readable(listener->readable().fd));
}

TEST_F(FifoTest, AListenerThatDiesWhileAClientGreetsItRaisesNoSignal) {
  auto listener = transport_.listen(where_, {}).value();
  std::jthread replaced{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      listener.reset();
      listener = transport_.listen(where_, {}).value();
    }
  }};
  for (int i = 0; i < 300; ++i) {
    const auto dial = transport_.dial(where_, {}).value();
    for (int step = 0; step < 3; ++step) {
      if (auto result = dial->step(); !result) {
        EXPECT_EQ(result.error(), Code::disconnected) << result.error().what();
        break;
      }
    }
  }
}

}  // namespace
}  // namespace troupe::harness
