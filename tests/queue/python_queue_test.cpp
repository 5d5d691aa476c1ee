// SPDX-License-Identifier: Apache-2.0
// tools/python/troupe.py at the other end of queues, with only the standard library.
#include "harness/temporary_directory.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/process/subprocess.hpp"
#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"
#include "troupe/serialization/dynamic.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <unistd.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

struct Row {
  std::uint64_t number = 0;
  std::string text;
};

Runtime& runtime() {
  return *Runtime::current();
}

// python_peer.py in a role.
class Python {
 public:
  explicit Python(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {TROUPE_PYTHON, "-Wd", TROUPE_PYTHON_PEER});
    subprocess::Options options;
    options.in = subprocess::Stdio::pipe();
    options.environment = {{"PYTHONPATH", TROUPE_PYTHON_MODULES}, {"PYTHONDONTWRITEBYTECODE", "1"}};
    program_ = subprocess::Popen::start(std::move(arguments), std::move(options)).value();
  }

  std::string line() {
    return std::string{text_of(program_.out().receive_bytes(kPatience).value())};
  }
  void go_on() { program_.in().send_bytes(bytes_of("\n")).value(); }
  void kill() {
    program_.kill().value();
    (void)program_.wait(kPatience).value();
  }
  bool ends_well() { return program_.wait(kPatience).value().ok(); }

 private:
  subprocess::Popen program_;
};

class PythonQueueTest : public testing::TestWithParam<std::string> {
 protected:
  Address address() const {
    return GetParam() == "tcp" ? "tcp://127.0.0.1:0/rows" : "unix:" + directory_.file("rows");
  }
  template <class T = Row>
  Queue<T> make(const QueueOptions& options = {}) const {
    return Queue<T>::create(runtime(), address(), options).value();
  }
  template <class T>
  static std::string url(const Queue<T>& queue) {
    return queue.address().text();
  }
  // The role does all that is to be seen.
  template <class T>
  static void expect_all(const char* role, const Queue<T>& queue) {
    Python python{{role, url(queue)}};
    EXPECT_EQ(python.line(), "all");
    EXPECT_TRUE(python.ends_well());
  }

  harness::TemporaryDirectory directory_;
};

TEST_P(PythonQueueTest, ProducersOfPythonPutStructs) {
  constexpr std::uint64_t kRows = 200;
  auto rows = make({.capacity = 50, .connect = {.key = AuthKey{"secret"}}});
  Python first{{"produce", url(rows), "secret", std::to_string(kRows)}};
  Python second{{"produce", url(rows), "secret", std::to_string(kRows)}};
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 2 * kRows; ++i) {
    const Row row = rows.get(kPatience).value();
    EXPECT_EQ(row.text.size(), row.number % 50);
    sum += row.number;
  }
  EXPECT_EQ(sum, kRows * (kRows - 1));
  EXPECT_TRUE(first.ends_well());
  EXPECT_TRUE(second.ends_well());
}

TEST_P(PythonQueueTest, ConsumersOfPythonEndWhenItIsClosedAndAllIsDone) {
  constexpr std::uint64_t kRows = 200;
  const QueueOptions keyed{.connect = {.key = AuthKey{"secret"}}};
  auto rows = make(keyed);
  harness::TemporaryDirectory other;
  auto done = Queue<Row>::create(runtime(), "unix:" + other.file("done")).value();
  Python first{{"consume", url(rows), "secret", url(done)}};
  Python second{{"consume", url(rows), "secret", url(done)}};
  for (std::uint64_t i = 0; i < kRows; ++i) {
    rows.put({i, "text"}).value();
  }
  rows.close().value();
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < kRows; ++i) {
    const Row row = done.get(kPatience).value();
    EXPECT_EQ(row.text, "text!");
    EXPECT_TRUE(seen.insert(row.number).second);
  }
  EXPECT_EQ(first.line(), "ended");
  EXPECT_EQ(second.line(), "ended");
  EXPECT_TRUE(first.ends_well());
  EXPECT_TRUE(second.ends_well());
  EXPECT_EQ(rows.stats().value().finished, kRows);
}

TEST_P(PythonQueueTest, TheItemOfAKilledConsumerIsDeliveredAgain) {
  auto rows = make();
  rows.put({1, ""}).value();
  Python python{{"take_and_stand", url(rows)}};
  EXPECT_EQ(python.line(), "1");
  EXPECT_EQ(rows.try_take().error(), Code::timed_out);
  python.kill();
  auto again = rows.take(kPatience).value();
  EXPECT_EQ(again->number, 1U);
  EXPECT_EQ(again.deliveries(), 2U);
  again.ack().value();
}

TEST_P(PythonQueueTest, WhatALoopThatStandsStillHasFetchedInAdvanceGoesToOthers) {
  constexpr std::uint64_t kRows = 200;
  auto rows = make();
  for (std::uint64_t i = 0; i < kRows; ++i) {
    rows.put({i, ""}).value();
  }
  Python python{{"loop_and_stand", url(rows), "100"}};
  EXPECT_EQ(python.line(), "100");
  std::set<std::uint64_t> rest;
  for (std::uint64_t i = 101; i < kRows; ++i) {
    rest.insert(rows.get(kPatience).value().number);
  }
  EXPECT_EQ(rest.size(), kRows - 101);
  EXPECT_FALSE(rest.contains(100));
  python.kill();
  while (rows.get(kPatience).value().number != 100) {  // what it had finished last may come, too
  }
}

TEST_P(PythonQueueTest, AnItemThatKillsConsumersEndsAsADeadLetter) {
  constexpr std::uint64_t kRows = 50;
  auto rows = make();
  harness::TemporaryDirectory other;
  auto done = Queue<Row>::create(runtime(), "unix:" + other.file("done")).value();
  for (std::uint64_t i = 0; i < kRows; ++i) {
    rows.put({i, ""}).value();
  }
  rows.close().value();
  int killed = 0;
  while (!Python{{"die_of", url(rows), url(done), "7"}}.ends_well()) {
    ASSERT_LT(++killed, 10);
  }
  EXPECT_EQ(killed, 3);
  std::set<std::uint64_t> seen;
  while (seen.size() < kRows - 1) {  // some may be there twice: their consumer was killed
    seen.insert(done.get(kPatience).value().number);
  }
  EXPECT_FALSE(seen.contains(7));
  EXPECT_EQ(rows.dead_letters().value().get(kPatience).value().item.number, 7U);
}

TEST_P(PythonQueueTest, AWrongKeyIsRefused) {
  auto rows = make({.connect = {.key = AuthKey{"secret"}}});
  Python wrong{{"refused", url(rows), "another"}};
  EXPECT_NE(wrong.line().find("the owner has another key"), std::string::npos);
  Python none{{"refused", url(rows), ""}};
  EXPECT_NE(none.line().find("asks for a key"), std::string::npos);
  EXPECT_TRUE(wrong.ends_well());
  EXPECT_TRUE(none.ends_well());
}

TEST_P(PythonQueueTest, WhereNobodyMadeOneIsNoQueue) {
  std::string gone;
  {
    auto rows = make();
    gone = url(rows);
  }
  Python python{{"not_found", gone}};
  const std::string why = python.line();
  EXPECT_NE(why.find("open the queue " + gone), std::string::npos) << why;
  EXPECT_TRUE(python.ends_well());
}

TEST_P(PythonQueueTest, ValuesOfAllKindsComeBackAsTheyWere) {
  expect_all("values", make<Dynamic>());
}

TEST_P(PythonQueueTest, ItsBoundsHoldForPython) {
  expect_all("bounds", make({.capacity = 2, .capacity_bytes = 1000}));
}

TEST_P(PythonQueueTest, OnlyAnAcknowledgementFinishesADelivery) {
  expect_all("leases", make());
}

TEST_P(PythonQueueTest, WhatIsKeptForTooLongIsLost) {
  auto rows = make({.max_hold = 50ms});
  rows.put({1, ""}).value();
  expect_all("lose", rows);
}

TEST_P(PythonQueueTest, PythonClosesItAndJoins) {
  expect_all("close", make());
}

TEST_P(PythonQueueTest, PythonFailsIt) {
  expect_all("fail", make());
}

TEST_P(PythonQueueTest, AForkOpensItsOwn) {
  expect_all("fork", make());
}

TEST_P(PythonQueueTest, TheEndOfAProgramKeepsWhatItPut) {
  auto rows = make({.capacity = 10});
  Python python{{"produce_and_forget", url(rows), "100"}};
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_EQ(rows.get(kPatience).value().number, i);
  }
  EXPECT_TRUE(python.ends_well());
}

// What another client has been granted and does not use comes back when somebody waits for it.
TEST_P(PythonQueueTest, PythonWaitsForNoRoomThatOthersDoNotUse) {
  auto rows = make({.capacity = 2, .capacity_bytes = 1000});
  auto other = Queue<Row>::open(runtime(), rows.address()).value();
  other.put({1, ""}).value();
  EXPECT_EQ(rows.get(kPatience).value().number, 1U);
  expect_all("bounds", rows);
}

void own(std::string url, Queue<std::string> told) {
  auto rows = Queue<Row>::create(runtime(), url).value();
  told.put_confirmed(rows.address().text()).value();
  ::pause();
}

TEST_P(PythonQueueTest, AKilledOwnerIsAnErrorAndNeverAnEnd) {
  Queue<std::string> told{runtime()};
  Process owner{runtime(), own, address().text(), told};
  Python python{{"outlive", told.get(kPatience).value()}};
  EXPECT_EQ(python.line(), "here");
  owner.kill().value();
  EXPECT_EQ(python.line(), "all");
  EXPECT_TRUE(python.ends_well());
}

// The output's owner stands still, or dies, before it has confirmed the output.
TEST_P(PythonQueueTest, AnAcknowledgementDoesNotOvertakeWhatWasPutBefore) {
  for (const int end : {SIGCONT, SIGKILL}) {
    harness::TemporaryDirectory other;
    Queue<std::string> told{runtime()};
    auto rows = Queue<Row>::create(runtime(), "unix:" + other.file("rows")).value();
    rows.put({1, ""}).value();
    Process owner{runtime(), own, address().text(), told};
    Python python{{"hold_back", url(rows), told.get(kPatience).value(), std::to_string(owner.pid()),
                   std::to_string(end)}};
    EXPECT_EQ(python.line(), "all");
    EXPECT_TRUE(python.ends_well());
    owner.kill().value();
  }
}

INSTANTIATE_TEST_SUITE_P(All, PythonQueueTest, testing::Values("unix", "tcp"),
                         [](const auto& its) { return its.param; });

}  // namespace
}  // namespace troupe
