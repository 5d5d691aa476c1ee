// SPDX-License-Identifier: Apache-2.0
// Programs that are not ours, while they run.
#include "troupe/runtime/process/popen.hpp"

#include "support.hpp"
#include "troupe/runtime/channel/wait_any.hpp"
#include "troupe/runtime/process/subprocess.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL is POSIX

#include <chrono>
#include <string>
#include <vector>

namespace troupe::subprocess {
namespace {

using namespace std::chrono_literals;
using Kind = Exit::Kind;

Popen shell(std::string script, Options options = {}) {
  return Popen::start({"sh", "-c", std::move(script)}, std::move(options)).value();
}

std::string line_of(Connection& connection) {
  return std::string{text_of(connection.receive_bytes(60s).value())};
}

TEST(PopenTest, OutputsAreLinesAndTheInputEndsWhenItIsClosed) {
  Popen sort = Popen::start({"sort"}, {.in = Stdio::pipe()}).value();
  for (const auto* const word : {"pear", "apple", "fig"}) {
    ASSERT_TRUE(sort.in().send_bytes(bytes_of(word)));
  }
  sort.in().close();
  std::vector<std::string> lines;
  auto line = sort.out().receive_bytes();
  for (; line; line = sort.out().receive_bytes()) {
    lines.emplace_back(text_of(*line));
  }
  EXPECT_EQ(line.error(), Code::closed);
  EXPECT_EQ(lines, (std::vector<std::string>{"apple", "fig", "pear"}));
  EXPECT_TRUE(sort.wait(60s).value().ok());
}

TEST(PopenTest, ADialogueGoesLineByLine) {
  Popen echo = shell("while read line; do echo \"<$line>\"; done", {.in = Stdio::pipe()});
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(echo.in().send_bytes(bytes_of(std::to_string(i))));
    ASSERT_EQ(line_of(echo.out()), "<" + std::to_string(i) + ">");
  }
}

TEST(PopenTest, RawIsWhatComesWithoutLineEndsTaken) {
  Popen program = shell("printf 'a\\nb'", {.framing = Framing::raw});
  EXPECT_EQ(line_of(program.out()), "a\nb");
}

TEST(PopenTest, AnythingOfItCanBeWaitedFor) {
  Popen program =
      shell("read go; echo out; read go; exec >&-; read go; exit 4", {.in = Stdio::pipe()});
  const auto first = [&] { return wait_any({program.out(), program}, 60s).value().front(); };
  EXPECT_EQ(wait_any({program.out(), program}, 0s).error(), Code::timed_out);
  ASSERT_TRUE(program.in().send_bytes(bytes_of("go")));
  EXPECT_EQ(first(), 0U);
  EXPECT_EQ(line_of(program.out()), "out");
  ASSERT_TRUE(program.in().send_bytes(bytes_of("go")));
  EXPECT_EQ(first(), 0U);
  EXPECT_EQ(program.out().receive_bytes().error(), Code::closed);
  EXPECT_EQ(program.poll(), std::nullopt);
  ASSERT_TRUE(program.in().send_bytes(bytes_of("go")));
  EXPECT_EQ(wait_any({program}, 60s).value().size(), 1U);
  EXPECT_EQ(program.poll()->code, 4);
  EXPECT_EQ(program.wait().value().code, 4);
}

TEST(PopenTest, CommunicateThatRanOutOfTimeGoesOnWithoutLoss) {
  test::Ends gate = test::make_pipe();
  Popen gated = shell("cat; read go <&3; echo whole",
                      {.in = Stdio::pipe(), .pass_as = {{gate.reader.get(), 3}}});
  const std::string input(200'000, 'x');
  EXPECT_EQ(gated.communicate(input, 0s).error(), Code::timed_out);
  EXPECT_EQ(gated.communicate({}, 100ms).error(), Code::timed_out);
  EXPECT_EQ(gated.communicate("more").error(), Code::invalid_argument);
  test::write_text(gate.writer, "go\n");
  const Completed done = gated.communicate().value();
  EXPECT_EQ(done.out, input + "whole\n");
  EXPECT_TRUE(done.exit.ok());
}

TEST(PopenTest, CommunicateGoesOnAfterLinesWereRead) {
  Popen program = shell("echo 1; echo 2; echo 3; cat; echo 4 >&2; printf 5",
                        {.capture = true, .in = Stdio::pipe()});
  EXPECT_EQ(line_of(program.out()), "1");
  ASSERT_TRUE(program.in().send_bytes(bytes_of("sent")));
  const Completed done = program.communicate("given").value();
  EXPECT_EQ(done.out, "2\n3\nsent\ngiven5");
  EXPECT_EQ(done.err, "4\n");
  EXPECT_EQ(program.out().receive_bytes().error(), Code::closed);
}

TEST(PopenTest, CommunicateNeedsAPipeForInput) {
  Popen program = Popen::start({"cat"}).value();
  EXPECT_EQ(program.communicate("x").error(), Code::invalid_argument);
  EXPECT_TRUE(program.communicate().value().exit.ok());
}

TEST(PopenTest, ManyCommunicatedBytesAreBounded) {
  Popen program = Popen::start({"yes"}, {.max_output = 1000}).value();
  const Completed done = program.communicate().value();
  EXPECT_TRUE(done.truncated);
  EXPECT_EQ(done.out.size(), 1000U);
}

TEST(PopenTest, SignalsReachItAndTheEndNamesThem) {
  Popen terminated = Popen::start({"sleep", "1000"}).value();
  EXPECT_EQ(terminated.wait(0s).error(), Code::timed_out);
  EXPECT_EQ(terminated.poll(), std::nullopt);
  EXPECT_GT(terminated.pid(), 0);
  ASSERT_TRUE(terminated.terminate());
  EXPECT_EQ(terminated.wait().value().signal, SIGTERM);
  EXPECT_TRUE(terminated.terminate());  // it has ended: nobody else is hit
  EXPECT_EQ(test::state_of(terminated.pid()), '-');

  Popen interrupted = shell("trap 'exit 9' INT; echo ready; while :; do sleep 0.01; done");
  EXPECT_EQ(line_of(interrupted.out()), "ready");
  EXPECT_EQ(interrupted.signal(1000).error(), Code::invalid_argument);
  ASSERT_TRUE(interrupted.signal(SIGINT));
  EXPECT_EQ(interrupted.wait().value().code, 9);
}

TEST(PopenTest, ASignalToTheGroupReachesGrandchildren) {
  Popen program = shell("sleep 1000 & echo $!; wait");
  const pid_t grandchild = std::stoi(line_of(program.out()));
  ASSERT_TRUE(program.signal_group(SIGKILL));
  EXPECT_EQ(program.wait().value().signal, SIGKILL);
  test::wait_until_ended(grandchild);
}

TEST(PopenTest, AProgramKilledInTheMiddleEndsItsStreamsAndSaysSo) {
  Popen program = shell("echo begun; while read line; do :; done", {.in = Stdio::pipe()});
  EXPECT_EQ(line_of(program.out()), "begun");
  ASSERT_TRUE(program.kill());
  EXPECT_EQ(program.out().receive_bytes(60s).error(), Code::closed);
  EXPECT_EQ(program.wait().value().signal, SIGKILL);
  const std::string much(1'000'000, 'x');
  EXPECT_EQ(program.in().send_bytes(bytes_of(much)).error(), Code::disconnected);
}

TEST(PopenTest, TheDestructorEndsItWithItsGroup) {
  pid_t program = 0;
  pid_t grandchild = 0;
  {
    Popen running = shell("sleep 1000 & echo $!; wait");
    program = running.pid();
    grandchild = std::stoi(line_of(running.out()));
  }
  EXPECT_EQ(test::state_of(program), '-');
  test::wait_until_ended(grandchild);
}

TEST(PopenTest, AnEmptyOneIsClosed) {
  Popen empty;
  EXPECT_EQ(empty.wait().error(), Code::closed);
  EXPECT_EQ(empty.communicate().error(), Code::closed);
  EXPECT_EQ(empty.kill().error(), Code::closed);
  EXPECT_EQ(empty.poll(), std::nullopt);
  EXPECT_EQ(empty.pid(), 0);
  EXPECT_EQ(empty.ready_fd(), -1);
  EXPECT_EQ(empty.out().receive_bytes().error(), Code::closed);
  Popen full = Popen::start({"true"}).value();
  empty = std::move(full);
  EXPECT_TRUE(empty.wait().value().ok());
}

struct Begin {};

// Reads a program's lines while another actor of the same, only, worker answers in between.
class Reader final {
 public:
  std::string handle(Begin /*begin*/) {
    Popen program = shell("while read word; do echo \"$word!\"; done", {.in = Stdio::pipe()});
    std::string all;
    for (const auto* const word : {"a", "b", "c"}) {
      program.in().send_bytes(bytes_of(word)).value();
      all += line_of(program.out());
    }
    return all + run({"echo", "run"}, {.capture = true}).value().out;
  }
};

TEST(PopenTest, AnActorReadsLinesWhileOthersRun) {
  RuntimeOptions options;
  options.workers = 1;
  Runtime runtime{options};
  std::vector<Future<std::string>> answers;
  std::vector<Ref<Reader>> readers;
  for (int i = 0; i < 20; ++i) {
    readers.push_back(runtime.spawn<Reader>());
    answers.push_back(readers.back().ask_async(Begin{}));
  }
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get(60s).value(), "a!b!c!run\n");
  }
}

}  // namespace
}  // namespace troupe::subprocess
