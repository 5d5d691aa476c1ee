// SPDX-License-Identifier: Apache-2.0
// How a body ends, and what the starter hears of it.
#include "support.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace troupe {
namespace {

using Kind = Exit::Kind;

// The same for both ways to start.
class ProcessExitTest : public testing::TestWithParam<StartMethod> {
 protected:
  template <class F, class... X>
  Exit exit_of(F body, X&&... arguments) {
    Process process{*Runtime::current(),
                    {.name = "it", .start = GetParam()},
                    body,
                    std::forward<X>(arguments)...};
    return process.join().value();
  }
};

TEST_P(ProcessExitTest, AnExceptionIsReportedWithItsMessage) {  // PR-41
  const Exit exit = exit_of([] { throw std::runtime_error{"no such table: words"}; });
  EXPECT_EQ(exit.kind, Kind::failed);
  EXPECT_EQ(exit.code, 1);
  EXPECT_EQ(exit.what, "no such table: words");
  EXPECT_NE(exit.text().find(") failed: no such table: words"), std::string::npos);
}

TEST_P(ProcessExitTest, ALongMessageIsCutToAPageOfThePipe) {
  const Exit exit = exit_of([] { throw std::runtime_error{std::string(100000, 'x')}; });
  EXPECT_EQ(exit.kind, Kind::failed);
  EXPECT_GT(exit.what.size(), 4000U);
  EXPECT_EQ(exit.what.find_first_not_of('x'), std::string::npos);
}

TEST_P(ProcessExitTest, WhatIsNoExceptionIsReportedToo) {
  EXPECT_EQ(exit_of([] { throw 42; }).kind, Kind::failed);
}

TEST_P(ProcessExitTest, AReturnedErrorIsAFailure) {  // PR-42
  const Exit exit = exit_of([]() -> Result<void> { return Error::failed("disk full"); });
  EXPECT_EQ(exit.kind, Kind::failed);
  EXPECT_EQ(exit.what, "disk full");
  EXPECT_TRUE(exit_of([]() -> Result<void> { return {}; }).ok());
  EXPECT_EQ(exit_of([]() -> Result<int> { return 4; }).code, 4);
}

TEST_P(ProcessExitTest, AReturnedNumberIsTheExitCode) {  // PR-43
  const Exit exit = exit_of([] { return 8; });
  EXPECT_EQ(exit.kind, Kind::exited);
  EXPECT_EQ(exit.code, 8);
  EXPECT_TRUE(exit_of([] { return 0; }).ok());
}

TEST_P(ProcessExitTest, ExitCodesAreThoseOfExit) {  // PR-43
  EXPECT_TRUE(exit_of([] { std::exit(0); }).ok());
  EXPECT_EQ(exit_of([] { std::exit(8); }).python_code(), 8);
  EXPECT_TRUE(exit_of([] { std::exit(256); }).ok());
  EXPECT_EQ(exit_of([] { std::exit(-1); }).python_code(), 255);
  EXPECT_EQ(exit_of([] { ::_exit(9); }).python_code(), 9);
  EXPECT_EQ(exit_of([] { std::quick_exit(7); }).python_code(), 7);
}

TEST_P(ProcessExitTest, ASignalIsNamed) {
  const auto crash = [](int number) {
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(number, SIG_DFL);
    ::raise(number);
  };
  for (const int number : {SIGSEGV, SIGABRT, SIGKILL, SIGUSR2}) {
    const Exit exit = exit_of(crash, number);
    EXPECT_EQ(exit.kind, Kind::killed);
    EXPECT_EQ(exit.signal, number);
  }
}

TEST_P(ProcessExitTest, ExitHandlersOfTheChildRun) {  // PR-52
  static UniqueFd* said = nullptr;
  test::Ends pipe = test::make_pipe();
  exit_of(
      [](UniqueFd writer) {
        said = new UniqueFd{std::move(writer)};
        std::atexit([] { test::write_text(*said, "bye"); });
      },
      std::move(pipe.writer));
  EXPECT_EQ(test::read_all(pipe.reader), "bye");
}

TEST_P(ProcessExitTest, ACrashInAnExitHandlerIsSeenAfterAFailure) {
  const Exit exit = exit_of([] {
    std::atexit([] {
      ::signal(SIGABRT, SIG_DFL);
      const rlimit none{};
      ::setrlimit(RLIMIT_CORE, &none);
      std::abort();
    });
    throw std::runtime_error{"first"};
  });
  EXPECT_EQ(exit.kind, Kind::killed);
  EXPECT_EQ(exit.signal, SIGABRT);
  EXPECT_EQ(exit.what, "first");
}

TEST_P(ProcessExitTest, WhatIsBufferedIsWrittenOnceAndWhole) {  // PR-47
  test::Ends pipe = test::make_pipe();
  exit_of(
      [](UniqueFd writer) {
        std::FILE* const file = ::fdopen(writer.release(), "w");
        std::fputs("written at the end", file);
      },
      std::move(pipe.writer));
  EXPECT_EQ(test::read_all(pipe.reader), "written at the end");
}

TEST_P(ProcessExitTest, AForksCopyInTheBodyDoesNotSpeakForIt) {
  const Exit exit = exit_of([] {
    if (::fork() == 0) std::exit(77);
    ::wait(nullptr);
    throw std::runtime_error{"mine"};
  });
  EXPECT_EQ(exit.kind, Kind::failed);
  EXPECT_EQ(exit.what, "mine");
}

// What a program's own waitpid takes away, the child has said itself.
TEST_P(ProcessExitTest, AStolenStatusIsKnownAllTheSame) {
  const auto after_theft = [&](auto body) {
    Process process{*Runtime::current(), {.start = GetParam()}, body};
    int status = 0;
    EXPECT_EQ(::waitpid(process.pid(), &status, __WALL), process.pid());
    return process.join().value();
  };
  EXPECT_TRUE(after_theft([] {}).ok());
  EXPECT_EQ(after_theft([] { return 6; }).code, 6);
  EXPECT_EQ(after_theft([] { std::exit(7); }).code, 7);
  EXPECT_EQ(after_theft([] { throw std::runtime_error{"x"}; }).what, "x");
}

TEST_P(ProcessExitTest, AStolenKillIsKnownWhereTheKernelTellsAndSaidToBeUnknownElsewhere) {
  Process process{*Runtime::current(), {.start = GetParam()}, [] { ::raise(SIGKILL); }};
  EXPECT_EQ(::waitpid(process.pid(), nullptr, __WALL), process.pid());
  const Exit exit = process.join().value();
  EXPECT_FALSE(exit.ok());
  if (exit.kind == Kind::killed) {
    EXPECT_EQ(exit.signal, SIGKILL);
  } else {
    EXPECT_EQ(exit.kind, Kind::failed);
    EXPECT_NE(exit.what.find("taken by a waitpid"), std::string::npos);
    EXPECT_EQ(exit.python_code(), 255);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, ProcessExitTest,
                         testing::Values(StartMethod::zygote, StartMethod::exec),  // CX-01
                         [](const auto& method) {
                           return method.param == StartMethod::zygote ? "Zygote" : "Exec";
                         });

}  // namespace
}  // namespace troupe
