// SPDX-License-Identifier: Apache-2.0
// What is given to a body, and what stays with the starter.
#include "support.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/bind.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/process/this_process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe {
namespace {

Runtime& runtime() {
  return *Runtime::current();
}

struct Point {
  int x = 0;
  double y = 0;
  std::vector<std::string> tags;
  bool operator==(const Point&) const = default;
};

// Fails, with what is false, instead of an EXPECT that nobody would see.
void require(bool fact, const std::string& what) {
  if (!fact) throw std::runtime_error{what};
}
template <class F, class... X>
void expect_ok(F body, X&&... arguments) {
  for (const StartMethod method : {StartMethod::zygote, StartMethod::exec}) {
    Process process{runtime(), {.start = method}, body, X(arguments)...};
    EXPECT_EQ(process.join().value().text(), process.join().value().who + " ended normally");
  }
}

TEST(ProcessArgumentsTest, ValuesArriveUnchanged) {  // PR-03
  expect_ok(
      [](int number, std::string text, const std::vector<int>& list,
         std::tuple<int, std::string> pair, std::optional<double> none, Point point,
         std::map<std::string, int> map, bool flag) {
        require(number == -5, "number");
        require(text == std::string("te\0xt", 5), "text");
        require(list == std::vector{1, 2, 3}, "list");
        require(pair == std::tuple{7, std::string{"seven"}}, "pair");
        require(!none, "none");
        require(point == Point{1, 2.5, {"a", "b"}}, "point");
        require(map == std::map<std::string, int>{{"k", 1}}, "map");
        require(flag, "flag");
      },
      -5, std::string("te\0xt", 5), std::vector{1, 2, 3}, std::tuple{7, std::string{"seven"}},
      std::optional<double>{}, Point{1, 2.5, {"a", "b"}}, std::map<std::string, int>{{"k", 1}},
      true);
}

TEST(ProcessArgumentsTest, ArgumentsAreConvertedToTheParameters) {
  expect_ok(
      [](std::string text, double number, std::vector<std::string> list) {
        require(text == "literal" && number == 3.0 && list.size() == 2, "converted");
      },
      "literal", 3, std::vector<std::string>{"a", "b"});
}

TEST(ProcessArgumentsTest, TheBodyMayTakeItsRuntimeFirst) {
  expect_ok([](Runtime& own,
               int number) { require(&own == Runtime::current() && number == 4, "runtime"); },
            4);
  expect_ok([](Runtime& own) { require(own.family() != nullptr, "family"); });
}

TEST(ProcessArgumentsTest, AGenericBodyTakesWhatItIsGiven) {
  expect_ok([](auto... values) { require((values + ...) == 6, "sum"); }, 1, 2, 3);
  expect_ok([](Runtime&, auto value) { require(value == "x", "value"); }, std::string{"x"});
}

void takes_callback(int (*function)(int, int), int expected) {
  require(function(20, 22) == expected, "function");
}
int add(int a, int b) {
  return a + b;
}
int affine(int factor, int offset, int value) {
  return factor * value + offset;
}

TEST(ProcessArgumentsTest, FunctionsAreArgumentsToo) {  // W34
  expect_ok(takes_callback, &add, 42);
  expect_ok(
      [](const Bound<int (*)(int, int, int), int, int>& function) {
        require(function(5) == 31, "bound");
      },
      bind(affine, 6, 1));
}

TEST(ProcessArgumentsTest, BindCarriesTheStateOfAFunction) {
  expect_ok(
      bind([](const std::string& greeting, Point point,
              int last) { require(greeting == "hello" && point.x == 9 && last == 3, "bound"); },
           "hello", Point{9, 0, {}}),
      3);
  expect_ok(bind(
                [](Runtime& own, int bound, int given) {
                  require(&own == Runtime::current() && bound == 1 && given == 2, "runtime first");
                },
                1),
            2);
  EXPECT_EQ(bind(affine, 6, 1)(5), 31);
}

constexpr auto kAdd = task("add", add);

TEST(ProcessArgumentsTest, ATaskIsAFunctionWithAName) {
  static_assert(kAdd.name() == "add");
  EXPECT_EQ(kAdd(1, 2), 3);
  Process process{runtime(), kAdd, 40, 2};
  EXPECT_EQ(process.join().value().code, 42);
}

TEST(ProcessArgumentsTest, MebibytesArriveWhole) {
  std::vector<std::byte> bytes(24U << 20U);
  for (std::size_t i = 0; i < bytes.size(); i += 4093)
    bytes[i] = static_cast<std::byte>(i);
  std::vector<std::string> words(100000, "word");
  expect_ok(
      [](const std::vector<std::byte>& received, std::vector<std::string> list, Buffer view) {
        require(received.size() == 24U << 20U && view.size() == received.size(), "size");
        for (std::size_t i = 0; i < received.size(); i += 4093) {
          require(received[i] == static_cast<std::byte>(i) && view.bytes()[i] == received[i],
                  "content");
        }
        require(list.size() == 100000 && list.back() == "word", "list");
      },
      bytes, words, Buffer::copy_of(bytes));
}

TEST(ProcessArgumentsTest, ADescriptorAndASocketAreGivenToTheChild) {  // FD-01
  test::Ends pipe = test::make_pipe();
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  UniqueFd ours{ends[0]};
  UniqueFd theirs{ends[1]};
  Process process{runtime(),
                  [](UniqueFd writer, UniqueFd socket) {
                    test::write_text(writer, "through the pipe");
                    writer.reset();
                    test::write_text(socket, test::read_line(socket) + "!\n");
                  },
                  std::move(pipe.writer), std::move(theirs)};
  EXPECT_FALSE(pipe.writer);  // NOLINT(bugprone-use-after-move): that it is gone is the point
  EXPECT_FALSE(theirs);       // NOLINT(bugprone-use-after-move): and so is this
  EXPECT_EQ(test::read_all(pipe.reader), "through the pipe");
  test::write_text(ours, "ping\n");
  EXPECT_EQ(test::read_line(ours), "ping!");
  EXPECT_TRUE(process.join().value().ok());
}

TEST(ProcessArgumentsTest, DescriptorsInsideOfMessagesArriveToo) {
  struct Files {
    std::string name;
    std::vector<UniqueFd> writers;
  };
  test::Ends pipe = test::make_pipe();
  Files files{"many", {}};
  for (int i = 0; i < 253; ++i)
    files.writers.push_back(UniqueFd::duplicate(pipe.writer.get()).value());
  pipe.writer.reset();
  Process process{runtime(),
                  [](Files received) {
                    require(received.name == "many" && received.writers.size() == 253, "files");
                    for (const UniqueFd& writer : received.writers)
                      test::write_text(writer, ".");
                  },
                  std::move(files)};
  EXPECT_EQ(test::read_all(pipe.reader), std::string(253, '.'));
  EXPECT_TRUE(process.join().value().ok());
}

TEST(ProcessArgumentsTest, ArgumentsOfARefusedStartStayWithTheCaller) {
  test::Ends pipe = test::make_pipe();
  std::string text = "mine";
  const auto refused = Process::start(
      runtime(), {.start = StartMethod::exec}, [](UniqueFd, std::string, int (*)()) {},
      std::move(pipe.writer), std::move(text),
      // A function outside of all objects cannot be sent.
      reinterpret_cast<int (*)()>(0x1234));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Code::refused);
  EXPECT_TRUE(pipe.writer);  // NOLINT(bugprone-use-after-move): that it is still here is the point
  EXPECT_EQ(text, "mine");   // NOLINT(bugprone-use-after-move)
}

struct Question {
  int number = 0;
};
struct Answer {
  std::string text;
};

void answer_until_zero(Pipe<Answer, Question> pipe) {
  for (const Question& question : pipe) {
    if (question.number == 0) return;
    pipe.send({std::to_string(question.number) + " is fine"}).value();
  }
}

TEST(ProcessArgumentsTest, AChildAnswersOverAPipeUntilItIsToldToEnd) {         // PR-40
  for (const StartMethod method : {StartMethod::zygote, StartMethod::exec}) {  // CX-09 W35
    auto [here, there] = Pipe<Question, Answer>::create(runtime()).value();
    Process process{runtime(), {.start = method}, answer_until_zero, std::move(there)};
    for (int i = 1; i <= 3; ++i) {
      here.send({i}).value();
      EXPECT_EQ(here.receive().value().text, std::to_string(i) + " is fine");
    }
    here.send({0}).value();
    EXPECT_TRUE(process.join().value().ok());
  }
}

TEST(ProcessArgumentsTest, TheStarterSeesTheEndWhenItsChildDies) {  // W21
  auto [here, there] = Pipe<Question, Answer>::create(runtime()).value();
  Process process{runtime(), answer_until_zero, std::move(there)};
  process.kill().value();
  EXPECT_FALSE(here.receive());
}

TEST(ProcessArgumentsTest, WhatAChildHasSentArrivesAlthoughItEndsAtOnce) {
  auto [receiver, sender] = one_way_pipe<int>(runtime()).value();
  Process process{runtime(),
                  [](Sender<int> numbers) {
                    for (int i = 0; i < 10000; ++i)
                      numbers.send(i).value();
                  },
                  std::move(sender)};
  int expected = 0;
  for (const int number : receiver)
    EXPECT_EQ(number, expected++);
  EXPECT_EQ(expected, 10000);
}

// Writes its id, then starts two more that do the same, waiting for each.
void write_and_recurse(Runtime& own, UniqueFd writer, std::vector<int> id) {
  std::string line;
  for (const int number : id)
    line += std::to_string(number);
  test::write_text(writer, line + ";");
  if (id.size() == 2) return;
  for (int i = 0; i < 2; ++i) {
    id.push_back(i);
    Process process{own, write_and_recurse, UniqueFd::duplicate(writer.get()).value(), id};
    require(process.join().value().ok(), "grandchild");
    id.pop_back();
  }
}

TEST(ProcessArgumentsTest, AWriterHandedDownTwoGenerationsWritesDepthFirst) {  // PR-23 PR-45
  test::Ends pipe = test::make_pipe();
  Process process{runtime(), write_and_recurse, std::move(pipe.writer), std::vector<int>{}};
  EXPECT_EQ(test::read_all(pipe.reader), ";0;00;01;1;10;11;");
  EXPECT_TRUE(process.join().value().ok());
}

TEST(ProcessArgumentsTest, AnEndThatAChildWasGivenCanBeGivenOn) {  // CX-10
  auto [here, there] = Pipe<Question, Answer>::create(runtime()).value();
  Process process{runtime(),
                  [](Runtime& own, Pipe<Answer, Question> pipe) {
                    Process grandchild{own, answer_until_zero, std::move(pipe)};
                    require(grandchild.join().value().ok(), "grandchild");
                  },
                  std::move(there)};
  here.send({5}).value();
  EXPECT_EQ(here.receive().value().text, "5 is fine");
  here.send({0}).value();
  EXPECT_TRUE(process.join().value().ok());
}

}  // namespace
}  // namespace troupe
