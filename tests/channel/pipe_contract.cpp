// SPDX-License-Identifier: Apache-2.0
// What every Pipe promises (runtime/channel/pipe.hpp): typed messages, ends and descriptors inside
// them. Ids: research/python-multiprocessing.md §2.10, §2.11.
#include "channel/channel_test.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <vector>

namespace troupe::harness {
namespace {

struct Row {
  std::uint64_t number = 0;
  std::string text{};
  std::vector<double> scores{};
  std::optional<std::map<std::string, int>> counts{};
  friend bool operator==(const Row&, const Row&) = default;
};

struct Point {
  int x = 0;
  int y = 0;
};

Row row(unsigned number) {
  return {number, std::string(number % 300, 'r'), {0.5, -1.0}, {{{"a", 1}, {"b", -2}}}};
}

// Two typed ends of the fixture's connection: `From` sends what `To` receives.
template <class T>
struct Typed {
  Receiver<T> to;
  Sender<T> from;
};
template <class T>
Typed<T> typed(Connection& first, Connection& second) {
  return {Receiver<T>{std::move(first)}, Sender<T>{std::move(second)}};
}

UniqueFd file_of(std::string_view content) {
  UniqueFd file{::memfd_create("test", MFD_CLOEXEC)};
  write_raw(file.get(), content);
  return file;
}

std::string content_of(const UniqueFd& file) {
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  return std::string{text_of(read_to_end(file.get()))};
}

// ---- messages ----------------------------------------------------------------------------------

TEST_P(PipeTest, StructsCrossToAnotherProcess) {  // CN-01
  connect();
  Party party{crosses_processes(), second_, first_, [](Connection& end) {
                Sender<Row> rows{std::move(end)};
                for (unsigned i = 0; i < 500; ++i) {
                  ASSERT_TRUE(rows.send(row(i)));
                }
              }};
  Receiver<Row> rows{std::move(first_)};
  for (unsigned i = 0; i < 500; ++i) {
    ASSERT_EQ(rows.receive().value(), row(i));
  }
  EXPECT_EQ(outcome(rows.receive()), "closed");
  party.expect_success();
}

TEST_P(PipeTest, EachDirectionHasItsType) {
  connect();
  if (!is_duplex()) {
    return;  // it has one
  }
  Pipe<Point, Row> near{std::move(first_)};
  Pipe<Row, Point> far{std::move(second_)};
  ASSERT_TRUE(near.send({3, 4}));
  EXPECT_EQ(far.receive().value().y, 4);
  ASSERT_TRUE(far.send(row(7)));
  EXPECT_EQ(near.receive().value(), row(7));
}

TEST_P(PipeTest, ALoopOverMessagesEndsWhenThePeerCloses) {
  connect();
  std::jthread sender{[from = Sender<Row>{std::move(second_)}]() mutable {
    for (unsigned i = 0; i < 200; ++i) {
      ASSERT_TRUE(from.send(row(i)));
    }
  }};
  Receiver<Row> rows{std::move(first_)};
  unsigned count = 0;
  for (const Row& each : rows) {
    ASSERT_EQ(each, row(count++));
  }
  EXPECT_EQ(count, 200U);
  for ([[maybe_unused]] const Row& each : rows) {
    FAIL() << "it has ended";
  }
}

TEST_P(PipeTest, ALoopThatEndsOtherwiseThrows) {
  connect();
  Receiver<Point> points{std::move(first_)};
  ASSERT_TRUE(second_.send_bytes(from_hex("92 01 02")));
  ASSERT_TRUE(second_.send_bytes(bytes("nonsense")));
  int count = 0;
  try {
    for (const Point& point : points) {
      EXPECT_EQ(point.y, 2);
      ++count;
    }
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error, Code::malformed);
  }
  EXPECT_EQ(count, 1);
}

TEST_P(PipeTest, AMessageThatIsNotOfTheTypeIsToldAndThePipeGoesOn) {
  connect();
  Receiver<Row> rows{std::move(first_)};
  Encoded good;
  ASSERT_TRUE(encode(good, row(3)));
  ASSERT_TRUE(second_.send_bytes(from_hex("94 01 a1 78 a1 79 c0")));
  ASSERT_TRUE(second_.send_bytes({}));
  ASSERT_TRUE(second_.send_bytes(good.joined()));

  const auto wrong = rows.receive();
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), Code::malformed);
  EXPECT_NE(std::string_view{wrong.error().what()}.find("scores"), std::string_view::npos)
      << wrong.error().what();
  EXPECT_EQ(outcome(rows.receive()), "malformed");
  EXPECT_EQ(rows.receive().value(), row(3));
}

TEST_P(PipeTest, AMessageAboveTheLimitIsToldAndThePipeGoesOn) {
  connect({.max_message = 1000});
  auto [to, from] = typed<std::string>(first_, second_);
  EXPECT_EQ(outcome(from.send(std::string(5000, 'x'))), "invalid_argument");
  ASSERT_TRUE(from.send("fits"));
  EXPECT_EQ(to.receive().value(), "fits");
}

TEST_P(PipeTest, LargePayloadsCrossWithoutACopyOfTheCodec) {
  struct Frame {
    int number = 0;
    Buffer pixels{};
    Bytes mask{};
  };
  connect();
  auto [to, from] = typed<Frame>(first_, second_);
  std::jthread sender{[&from = from] {
    for (int i = 0; i < 5; ++i) {
      const auto seed = static_cast<unsigned>(i);
      ASSERT_TRUE(from.send({i, Buffer::owning(pattern(3 << 20, seed)), pattern(100'000, seed)}));
    }
  }};
  std::vector<Frame> kept;
  for (int i = 0; i < 5; ++i) {
    kept.push_back(to.receive().value());
  }
  for (unsigned i = 0; i < 5; ++i) {  // the views outlive later receives
    EXPECT_TRUE(kept[i].pixels == Buffer::owning(pattern(3 << 20, i)));
    EXPECT_TRUE(kept[i].mask == pattern(100'000, i));
  }
}

TEST_P(PipeTest, AnEmptyPipeIsClosed) {
  Pipe<int> empty;
  EXPECT_EQ(outcome(empty.send(1)), "closed");
  EXPECT_EQ(outcome(empty.receive()), "closed");
  EXPECT_EQ(outcome(empty.poll(forever)), "closed");
  EXPECT_EQ(empty.ready_fd(), -1);
}

// ---- descriptors -------------------------------------------------------------------------------

TEST_P(PipeTest, ADescriptorCrossesToAnotherProcessOrIsRefused) {  // FD-01
  connect();
  const UniqueFd file = file_of("");
  if (!GetParam().fds) {
    const auto sent = second_.send_fd(file);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), Code::invalid_argument);
    EXPECT_NE(std::string_view{sent.error().what()}.find("unix:"), std::string_view::npos);
    ASSERT_TRUE(second_.send_bytes(bytes("goes on")));
    EXPECT_EQ(text(first_.receive_bytes()), "goes on");
    return;
  }
  Party party{crosses_processes(), first_, second_, [](Connection& end) {
                const UniqueFd received = end.receive_fd().value();
                write_raw(received.get(), "written over there");
                EXPECT_TRUE(end.send_bytes(bytes("done")));
              }};
  ASSERT_TRUE(second_.send_fd(file));
  EXPECT_EQ(text(second_.receive_bytes()), "done");
  EXPECT_EQ(content_of(file), "written over there");
  party.expect_success();
}

TEST_P(PipeTest, WhereADescriptorWasExpectedPlainDataIsMalformed) {  // FD-03
  connect();
  if (!GetParam().fds) {
    return;  // refused, as above
  }
  ASSERT_TRUE(second_.send_bytes(bytes("just text")));
  ASSERT_TRUE(second_.send_bytes(from_hex("d4 01 00")));  // mentions one that did not come
  EXPECT_EQ(outcome(first_.receive_fd()), "malformed");
  EXPECT_EQ(outcome(first_.receive_fd()), "malformed");
  ASSERT_TRUE(second_.send_fd(file_of("real")));
  EXPECT_EQ(content_of(first_.receive_fd().value()), "real");
}

TEST_P(PipeTest, AMessageWithDescriptorsThatDoesNotDecodeLeavesThePipeUsable) {
  struct Attached {
    UniqueFd one{};
    int number = 0;
    UniqueFd two{};
  };
  struct Other {
    UniqueFd one{};
    std::string number{};  // an int comes
    UniqueFd two{};
  };
  connect();
  if (!GetParam().fds) {
    return;  // refused, as above
  }
  const std::size_t before = open_fds();
  {
    Sender<Attached> from{std::move(second_)};
    Receiver<Other> to{std::move(first_)};
    ASSERT_TRUE(from.send({file_of("1"), 7, file_of("2")}));
    ASSERT_TRUE(from.send({file_of("1"), 7, file_of("2")}));
    EXPECT_EQ(outcome(to.receive()), "malformed");
    EXPECT_EQ(outcome(to.receive()), "malformed");
    second_ = std::move(from.connection());
    first_ = std::move(to.connection());
  }
  Sender<Attached> from{std::move(second_)};
  Receiver<Attached> to{std::move(first_)};
  ASSERT_TRUE(from.send({file_of("one"), 8, file_of("two")}));
  {
    const Attached good = to.receive().value();
    EXPECT_EQ(content_of(good.one) + content_of(good.two), "onetwo");
  }
  EXPECT_EQ(open_fds(), before) << "descriptors of what did not decode are closed";
}

TEST_P(PipeTest, ManyDescriptorsAndLargeNumbersCross) {  // FD-02
  connect();
  if (!GetParam().fds) {
    return;  // refused, as above
  }
  auto [to, from] = typed<std::vector<UniqueFd>>(first_, second_);
  std::vector<UniqueFd> files;
  std::vector<UniqueFd> low;
  for (int i = 0; i < 100; ++i) {
    files.emplace_back(::fcntl(file_of(std::to_string(i)).get(), F_DUPFD_CLOEXEC, 300 + i));
  }
  for (int i = 0; i < 280; ++i) {
    low.push_back(UniqueFd::duplicate(files[0].get()).value());
  }
  ASSERT_TRUE(from.send(files));
  const auto received = to.receive().value();
  ASSERT_EQ(received.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(content_of(received[i]), std::to_string(i));
  }
}

TEST_P(PipeTest, AMessageIsGivenAwayOnlyWhenItWasAccepted) {
  struct Attached {
    UniqueFd file{};
    std::string name{};
  };
  connect();
  Sender<Attached> from{std::move(second_)};
  Attached message{file_of("kept"), "name"};
  if (GetParam().fds) {
    ASSERT_TRUE(from.send(std::move(message)));
    EXPECT_FALSE(message.file);  // NOLINT(bugprone-use-after-move): what it is now
    message = {file_of("kept"), "name"};
    first_.close();
    while (from.send(std::move(message))) {
      message = {file_of("kept"), "name"};
    }
  } else {
    EXPECT_EQ(outcome(from.send(std::move(message))), "invalid_argument");
  }
  EXPECT_EQ(content_of(message.file), "kept");  // NOLINT(bugprone-use-after-move): it stayed
}

// ---- ends inside messages ----------------------------------------------------------------------

struct Job {
  int number = 0;
  Sender<std::string> reply{};
};

TEST_P(PipeTest, AnEndTravelsInAMessageToAThirdProcess) {  // FD-04, FD-06
  connect();                                               // the connection that travels
  if (!crosses_processes() || !is_duplex()) {
    return;  // it stays in its process; one way is below
  }
  struct Parcel {
    Pipe<Row, Point> end{};
  };
  auto courier = Pipe<Parcel>::create(runtime_).value();
  Child third{[&] {
    first_.close();
    second_.close();
    courier.first.close();
    const RuntimeCore::Scope scope{runtime_};
    Parcel parcel = courier.second.receive().value();
    EXPECT_EQ(parcel.end.receive().value().x, 1) << "what had come and was not taken";
    EXPECT_EQ(parcel.end.receive().value().x, 2);
    EXPECT_TRUE(parcel.end.send(row(9)));
  }};
  courier.second.close();
  Pipe<Point, Row> near{std::move(second_)};
  ASSERT_TRUE(near.send({1, 0}));
  ASSERT_TRUE(courier.first.send(Parcel{Pipe<Row, Point>{std::move(first_)}}));
  ASSERT_TRUE(near.send({2, 0}));
  EXPECT_EQ(near.receive().value(), row(9));
  EXPECT_EQ(outcome(near.receive()), "closed") << "no copy of the end is left here";
  EXPECT_EQ(third.join(), 0);
}

TEST_P(PipeTest, AnEndOfOneDirectionKeepsIt) {  // FD-06
  connect();
  if (!crosses_processes()) {
    return;
  }
  auto courier = Pipe<Job>::create(runtime_).value();
  Child worker{[&] {
    first_.close();
    second_.close();
    courier.first.close();
    const RuntimeCore::Scope scope{runtime_};
    auto job = courier.second.receive().value();
    EXPECT_TRUE(job.reply.send("answer " + std::to_string(job.number)));
    if (!is_duplex()) {
      EXPECT_EQ(outcome(job.reply.connection().receive_bytes()), "invalid_argument");
    }
  }};
  courier.second.close();
  ASSERT_TRUE(courier.first.send(Job{42, Sender<std::string>{std::move(second_)}}));
  Receiver<std::string> replies{std::move(first_)};
  EXPECT_EQ(replies.receive().value(), "answer 42");
  EXPECT_EQ(outcome(replies.receive()), "closed");
  EXPECT_EQ(worker.join(), 0);
}

TEST_P(PipeTest, AnEndThatStaysInItsProcessIsRefusedAndStaysWithItsOwner) {
  connect();
  if (crosses_processes()) {
    return;
  }
  auto courier = Pipe<Job>::create(runtime_, "unix:").value();
  Job job{1, Sender<std::string>{std::move(second_)}};
  EXPECT_EQ(outcome(courier.first.send(std::move(job))), "refused");
  ASSERT_TRUE(job.reply.send("still mine"));  // NOLINT(bugprone-use-after-move): it stayed
  Receiver<std::string> to{std::move(first_)};
  EXPECT_EQ(to.receive().value(), "still mine");
}

TEST_P(PipeTest, AnEndIsReceivedOnlyWhereThereIsARuntime) {
  connect();
  if (!crosses_processes()) {
    return;  // it does not travel
  }
  auto courier = Pipe<Job>::create(runtime_).value();
  ASSERT_TRUE(courier.first.send(Job{1, Sender<std::string>{std::move(second_)}}));
  std::jthread{[&] {
    const auto received = courier.second.receive();
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Code::invalid_argument);
    EXPECT_NE(std::string_view{received.error().what()}.find("Runtime::Scope"),
              std::string_view::npos);
  }}.join();
  EXPECT_EQ(outcome(first_.receive_bytes()), "closed") << "its descriptor is closed";
}

TEST_P(PipeTest, APlainSocketTravelsToo) {  // FD-05
  connect();
  if (!GetParam().fds) {
    return;  // refused, as above
  }
  const UniqueFd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&here), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
  const UniqueFd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&here), size), 0);
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  Party party{crosses_processes(), first_, second_, [](Connection& end) {
                const UniqueFd socket = end.receive_fd().value();
                write_raw(socket.get(), "from the third");
              }};
  {
    const UniqueFd accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    ASSERT_TRUE(second_.send_fd(accepted));
  }
  EXPECT_EQ(text_of(read_to_end(client.get())), "from the third");
  party.expect_success();
}

}  // namespace
}  // namespace troupe::harness
