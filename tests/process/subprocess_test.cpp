// SPDX-License-Identifier: Apache-2.0
// Programs that are not ours, run to their end: what they are given, and what comes back.
#include "troupe/runtime/process/subprocess.hpp"

#include "harness/sanitized.hpp"
#include "harness/temporary_directory.hpp"
#include "support.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

namespace troupe::subprocess {
namespace {

using namespace std::chrono_literals;
using Kind = Exit::Kind;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>(i * 2654435761U >> 13U);
  }
  return text;
}

Result<Completed> shell(std::string script, Options options = {}) {
  options.capture = true;
  return run({"sh", "-c", std::move(script)}, std::move(options));
}

// A run that its deadline ends, after the script has written its line: a shell that had not come
// to it gets twice the time.
Completed cut_short(const std::string& script, const Options& options) {
  for (auto limit = 250ms;; limit *= 2) {
    Options limited = options;
    limited.until = limit;
    Completed done = shell(script, std::move(limited)).value();
    if (done.out.ends_with('\n') || limit > 60s) return done;
  }
}

TEST(SubprocessTest, BothOutputsAndTheEndComeBack) {
  const Completed done = shell("echo out; echo err >&2; exit 3").value();
  EXPECT_EQ(done.out, "out\n");
  EXPECT_EQ(done.err, "err\n");
  EXPECT_EQ(done.exit.kind, Kind::exited);
  EXPECT_EQ(done.exit.code, 3);
  EXPECT_TRUE(has(done.exit.text(), "sh (pid ")) << done.exit.text();
  EXPECT_FALSE(done.timed_out || done.truncated || done.held_open);
}

TEST(SubprocessTest, ASignalIsToldAsTheWayItEnded) {
  const Completed done = shell("kill -SEGV $$").value();
  EXPECT_EQ(done.exit.kind, Kind::killed);
  EXPECT_EQ(done.exit.signal, SIGSEGV);
  EXPECT_EQ(done.exit.python_code(), -SIGSEGV);
}

TEST(SubprocessTest, MuchGoesThroughAProgramBothWaysAtOnce) {
  const std::string much = pattern(harness::kSanitized ? 4U << 20U : 64U << 20U);
  const Completed done = run({"cat"}, {.input = much, .capture = true}).value();
  EXPECT_TRUE(done.exit.ok());
  EXPECT_TRUE(done.out == much);
}

TEST(SubprocessTest, PipesOfOnePageAndAFloodOfErrorsDoNotBlockAnybody) {
  const std::string input = pattern(300'000);
  const Completed done = shell("head -c 3000000 /dev/zero >&2; cat; head -c 3000000 /dev/zero >&2",
                               {.input = input, .pipe_size = 4096})
                             .value();
  EXPECT_EQ(done.err, std::string(6'000'000, '\0'));
  EXPECT_TRUE(done.out == input);
}

TEST(SubprocessTest, AProgramThatDoesNotReadItsInputEndsAsItLikes) {
  const Completed done = run({"true"}, {.input = pattern(1'000'000)}).value();
  EXPECT_TRUE(done.exit.ok());
}

TEST(SubprocessTest, TheInputIsEmptyUnlessSomeIsGiven) {
  EXPECT_EQ(run({"cat"}, {.capture = true}).value().out, "");
}

TEST(SubprocessTest, StreamsAreFilesDescriptorsOrNothing) {
  const harness::TemporaryDirectory directory;
  const std::string words = directory.file("words");
  const std::string sorted = directory.file("sorted");
  ASSERT_TRUE(run({"printf", "b\na\n"}, {.out = Stdio::file(words)}).value().exit.ok());
  ASSERT_TRUE(
      run({"sort"}, {.in = Stdio::file(words), .out = Stdio::file(sorted)}).value().exit.ok());
  EXPECT_EQ(test::read_file(sorted), "a\nb\n");
  ASSERT_TRUE(run({"echo", "c"}, {.out = Stdio::file(sorted, true)}).value().exit.ok());
  EXPECT_EQ(test::read_file(sorted), "a\nb\nc\n");

  test::Ends pipe = test::make_pipe();
  test::write_text(pipe.writer, "from a pipe");
  pipe.writer.reset();
  test::Ends answer = test::make_pipe();
  ASSERT_TRUE(run({"cat"}, {.in = Stdio::descriptor(pipe.reader.get()),
                            .out = Stdio::descriptor(answer.writer.get())})
                  .value()
                  .exit.ok());
  answer.writer.reset();
  EXPECT_EQ(test::read_all(answer.reader), "from a pipe");

  const Completed quiet =
      shell("echo lost; x=$(readlink /proc/$$/fd/1); echo $x >&2", {.out = Stdio::nothing()})
          .value();
  EXPECT_EQ(quiet.out, "");
  EXPECT_EQ(quiet.err, "/dev/null\n");
}

TEST(SubprocessTest, MergedErrorsStandWhereTheyWereWritten) {
  const Completed done =
      shell("echo 1; echo 2 >&2; echo 3; echo 4 >&2", {.err = Stdio::merged()}).value();
  EXPECT_EQ(done.out, "1\n2\n3\n4\n");
  EXPECT_EQ(done.err, "");
}

TEST(SubprocessTest, InheritedStreamsAreThisPrograms) {
  const Completed done =
      run({"readlink", "/proc/self/fd/0"}, {.capture = true, .in = Stdio::inherited()}).value();
  std::array<char, 256> own{};
  ASSERT_GT(::readlink("/proc/self/fd/0", own.data(), own.size() - 1), 0);
  EXPECT_EQ(done.out, std::string{own.data()} + "\n");
}

TEST(SubprocessTest, CheckMakesABadEndAnErrorWithTheEndOfItsWords) {
  const auto failed =
      shell("head -c 100000 /dev/zero >&2; echo what went wrong >&2; exit 7", {.check = true});
  ASSERT_EQ(failed.error(), Code::failed);
  EXPECT_EQ(failed.error().application_code(), 7);
  EXPECT_TRUE(has(failed.error().what(), "what went wrong")) << failed.error().what();
  EXPECT_TRUE(has(failed.error().what(), "exited with code 7"));
  EXPECT_LT(std::string_view{failed.error().what()}.size(), 3000U);

  EXPECT_EQ(shell("kill -9 $$", {.check = true}).error().application_code(), -9);
  EXPECT_TRUE(shell("exit 0", {.check = true}).has_value());
  EXPECT_EQ(run({"sleep", "1000"}, {.check = true, .until = 1ms}).error(), Code::timed_out);
}

TEST(SubprocessTest, PastItsDeadlineTheWholeGroupIsEndedAndWhatCameIsReturned) {
  // The grandchild holds the outputs as well.
  const Completed done = cut_short("sleep 1000 & echo partial >&2; echo $!; wait", {.linger = 1h});
  EXPECT_TRUE(done.timed_out);
  EXPECT_EQ(done.err, "partial\n");
  EXPECT_EQ(done.exit.signal, SIGTERM);
  test::wait_until_ended(std::stoi(done.out));
}

TEST(SubprocessTest, WhoIgnoresSigtermIsKilled) {
  const Completed done =
      cut_short("trap '' TERM; echo ready; while :; do sleep 1000; done", {.grace = 20ms});
  EXPECT_TRUE(done.timed_out);
  EXPECT_EQ(done.exit.signal, SIGKILL);
  EXPECT_EQ(done.out, "ready\n");
}

TEST(SubprocessTest, AGrandchildThatLeavesTheGroupAndKeepsThePipeHangsNobody) {
  const Completed timed = cut_short("setsid sleep 1000 & echo $!; wait", {.grace = 20ms});
  EXPECT_TRUE(timed.timed_out);
  ::kill(std::stoi(timed.out), SIGKILL);

  const Completed done = shell("sleep 1000 & echo $!", {.linger = 20ms}).value();
  EXPECT_TRUE(done.held_open);
  EXPECT_TRUE(done.exit.ok());
  EXPECT_EQ(::kill(std::stoi(done.out), SIGKILL), 0);  // it was left alone
}

TEST(SubprocessTest, WhatAGrandchildWritesAfterTheProgramsEndIsStillRead) {
  test::Ends gate = test::make_pipe();
  // It waits until the shell, the only other one to have the gate's writing end, has ended. (A
  // shell knows descriptors of one digit only.)
  auto popen = Popen::start({"sh", "-c", "(exec 4>&-; read x <&3; echo late) & echo early"},
                            {.pass_as = {{gate.reader.get(), 3}, {gate.writer.get(), 4}}})
                   .value();
  gate.writer.reset();
  const Completed done = popen.communicate().value();
  EXPECT_EQ(done.out, "early\nlate\n");
  EXPECT_FALSE(done.held_open);
}

TEST(SubprocessTest, WhoWritesMoreThanIsToBeKeptIsEnded) {
  const Completed done = run({"yes"}, {.capture = true, .max_output = 100'000}).value();
  EXPECT_TRUE(done.truncated);
  EXPECT_EQ(done.out.size(), 100'000U);
  EXPECT_FALSE(done.exit.ok());
  EXPECT_EQ(run({"yes"}, {.capture = true, .check = true, .max_output = 10}).error(),
            Code::overloaded);
  const Completed exact = run({"printf", "12345"}, {.capture = true, .max_output = 5}).value();
  EXPECT_EQ(exact.out, "12345");
  EXPECT_FALSE(exact.truncated);
}

TEST(SubprocessTest, WhatCannotBeStartedIsAnErrorWithItsNameAndErrno) {
  const harness::TemporaryDirectory directory;
  const auto missing = run({"no-such-program"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), Code::system);
  EXPECT_EQ(missing.error().os_errno(), ENOENT);
  EXPECT_TRUE(has(missing.error().what(), "'no-such-program' (looked for in /"))
      << missing.error().what();

  ASSERT_TRUE(run({"touch", directory.file("data")}).value().exit.ok());
  const auto data = run({directory.file("data")});
  EXPECT_EQ(data.error().os_errno(), EACCES);
  EXPECT_TRUE(has(data.error().what(), directory.file("data")));

  const auto nowhere = run({"true"}, {.cwd = directory.file("nowhere")});
  EXPECT_EQ(nowhere.error().os_errno(), ENOENT);
  EXPECT_TRUE(has(nowhere.error().what(), "change to its directory '" + directory.file("nowhere")));

  ASSERT_TRUE(
      shell("printf '#!/no/interpreter\\n' > script; chmod +x script", {.cwd = directory.path()})
          .value()
          .exit.ok());
  const auto script = run({directory.file("script")});
  EXPECT_EQ(script.error().os_errno(), ENOENT);
  EXPECT_TRUE(has(script.error().what(), "interpreter")) << script.error().what();

  const auto no_file = run({"cat"}, {.in = Stdio::file(directory.file("nothing"))});
  EXPECT_EQ(no_file.error().os_errno(), ENOENT);
  EXPECT_TRUE(has(no_file.error().what(), directory.file("nothing")));
}

TEST(SubprocessTest, AWrongCallIsInvalid) {
  EXPECT_EQ(run({}).error(), Code::invalid_argument);
  EXPECT_EQ(run({""}).error(), Code::invalid_argument);
  EXPECT_EQ(run({std::string("a\0b", 3)}).error(), Code::invalid_argument);
  EXPECT_EQ(run({"cat"}, {.input = "x", .in = Stdio::nothing()}).error(), Code::invalid_argument);
  EXPECT_EQ(run({"cat"}, {.environment = {{{"A=B", "x"}}}}).error(), Code::invalid_argument);
  EXPECT_EQ(run({"cat"}, {.pass_fds = {987}}).error(), Code::invalid_argument);
  EXPECT_EQ(run({"cat"}, {.pass_fds = {1}}).error(), Code::invalid_argument);
  EXPECT_EQ(run({"cat"}, {.pass_as = {{0, 5}, {1, 5}}}).error(), Code::invalid_argument);
  EXPECT_EQ(run({"cat"}, {.out = Stdio::merged()}).error(), Code::invalid_argument);
  EXPECT_EQ(run({"cat"}, {.in = Stdio::descriptor(987)}).error(), Code::invalid_argument);
}

}  // namespace
}  // namespace troupe::subprocess
