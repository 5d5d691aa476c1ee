// SPDX-License-Identifier: Apache-2.0
// A queue at an address, over each transport that has one.
#include "harness/scheme_name.hpp"
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <string>

namespace queue_transport_test {

struct Row {
  std::uint64_t number = 0;
  std::string text;
};
struct Other {
  std::string text;
};

}  // namespace queue_transport_test

namespace troupe {
namespace {

using namespace std::chrono_literals;
using queue_transport_test::Other;
using queue_transport_test::Row;

Runtime& runtime() {
  return *Runtime::current();
}

class QueueTransportTest : public testing::TestWithParam<std::string> {
 protected:
  Address address() const {
    const std::string unique = std::to_string(::getpid());
    if (GetParam() == "tcp" || GetParam() == "zmq+tcp") {
      return GetParam() + "://127.0.0.1:0/rows";
    }
    if (GetParam() == "shm") {
      return "shm://rows-" + unique;
    }
    return GetParam() + ":" + directory_.file("rows");
  }

  harness::TemporaryDirectory directory_;
};

void work(std::string url, std::string results) {
  auto in = Queue<Row>::open(runtime(), url).value();
  auto out = Queue<Row>::open(runtime(), results).value();
  for (auto& row : in) {
    row.emit(out, Row{row->number, row->text + "!"}).value();
  }
}

TEST_P(QueueTransportTest, StrangersShareItByItsAddress) {
  constexpr std::uint64_t kRows = 500;
  auto rows = Queue<Row>::create(runtime(), address()).value();
  Queue<Row> results{runtime()};
  const std::string url = rows.address().text();
  harness::TemporaryDirectory other;
  auto done = Queue<Row>::create(runtime(), "unix:" + other.file("done")).value();
  Process first{runtime(), work, url, done.address().text()};
  Process second{runtime(), work, url, done.address().text()};
  auto producer = Queue<Row>::open(runtime(), url).value();
  for (std::uint64_t i = 0; i < kRows; ++i) {
    producer.put({i, std::string(i % 50, 'x')}).value();
  }
  producer.close().value();
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < kRows; ++i) {
    const Row row = done.get(20s).value();
    EXPECT_EQ(row.text.size(), row.number % 50 + 1);
    EXPECT_TRUE(seen.insert(row.number).second);
  }
  EXPECT_TRUE(first.join(20s).value().ok());
  EXPECT_TRUE(second.join(20s).value().ok());
}

TEST_P(QueueTransportTest, AnotherTypeIsRefusedWithBothNames) {
  auto rows = Queue<Row>::create(runtime(), address()).value();
  const auto refused = Queue<Other>::open(runtime(), rows.address(), 10s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  const std::string why = refused.error().what();
  EXPECT_NE(why.find("Row"), std::string::npos) << why;
  EXPECT_NE(why.find("Other"), std::string::npos) << why;
}

TEST_P(QueueTransportTest, LargeItemsCross) {
  auto queue = Queue<std::string>::create(runtime(), address()).value();
  auto other = Queue<std::string>::open(runtime(), queue.address()).value();
  for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}, std::size_t{5'000'000}}) {
    other.put(std::string(size, 'x')).value();
    EXPECT_EQ(other.get(20s).value().size(), size);
  }
}

TEST_P(QueueTransportTest, WhoComesFirstMakesItAndTheOthersJoin) {
  auto first = Queue<int>::open_or_create(runtime(), address()).value();
  auto second = Queue<int>::open_or_create(runtime(), first.address()).value();
  first.put(1).value();
  EXPECT_EQ(second.get(10s).value(), 1);
}

INSTANTIATE_TEST_SUITE_P(All, QueueTransportTest,
                         testing::Values("unix", "shm", "tcp", "fifo", "zmq+tcp", "zmq+ipc"),
                         harness::scheme_name<std::string>);

TEST(QueueAddressTest, OpenWaitsForTheOwner) {
  harness::TemporaryDirectory directory;
  const Address address{"unix:" + directory.file("late")};
  EXPECT_EQ(Queue<int>::open(runtime(), address, 50ms).error(), Code::not_found);
  Runtime& here = runtime();
  std::jthread late{[&] {
    const Runtime::Scope scope{here};
    auto opened = Queue<int>::open(runtime(), address, 20s).value();
    opened.put(4).value();
    opened.flush().value();
  }};
  auto made = Queue<int>::create(runtime(), address).value();
  EXPECT_EQ(made.get(20s).value(), 4);
}

void put_one(Queue<int> queue) {
  queue.put(6).value();
}

TEST_P(QueueTransportTest, AHandleOfItTravels) {
  auto queue = Queue<int>::create(runtime(), address()).value();
  Process owners{runtime(), put_one, queue};
  Process others{runtime(), put_one, Queue<int>::open(runtime(), queue.address()).value()};
  EXPECT_EQ(queue.get(20s).value(), 6);
  EXPECT_EQ(queue.get(20s).value(), 6);
  EXPECT_TRUE(owners.join(20s).value().ok());
  EXPECT_TRUE(others.join(20s).value().ok());
}

TEST(QueueAddressTest, QueuesOfOneRuntimeShareAPort) {
  auto first = Queue<int>::create(runtime(), "tcp://127.0.0.1:0/first").value();
  const std::string port = std::to_string(first.address().port());
  auto second = Queue<int>::create(runtime(), "tcp://127.0.0.1:" + port + "/second").value();
  auto opened = Queue<int>::open(runtime(), "tcp://127.0.0.1:" + port + "/second").value();
  opened.put(2).value();
  EXPECT_EQ(second.get(10s).value(), 2);
  EXPECT_EQ(first.try_get().error(), Code::timed_out);
  EXPECT_EQ(Queue<int>::create(runtime(), "tcp://127.0.0.1:" + port + "/second").error(),
            Code::exists);
  const auto none = Queue<int>::open(runtime(), "tcp://127.0.0.1:" + port + "/third", 50ms);
  EXPECT_EQ(none.error(), Code::not_found);
}

TEST(QueueAddressTest, AnAnonymousPipeIsNoPlaceForAQueue) {
  const auto refused = Queue<int>::create(runtime(), "pipe:");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::invalid_argument);
  const std::string why = refused.error().what();
  EXPECT_NE(why.find("cannot be found by others"), std::string::npos) << why;
}

TEST(QueueAddressTest, AWrongKeyIsRefused) {
  const QueueOptions options{.connect = {.key = AuthKey::random()}};
  auto queue = Queue<int>::create(runtime(), "tcp://127.0.0.1:0/keyed", options).value();
  const auto without =
      Queue<int>::open(runtime(), queue.address(), 10s, {.key = AuthKey::random()});
  EXPECT_EQ(without.error(), Code::refused);
  auto with = Queue<int>::open(runtime(), queue.address(), 10s, options.connect).value();
  with.put(1).value();
  EXPECT_EQ(queue.get(10s).value(), 1);
}

}  // namespace
}  // namespace troupe
