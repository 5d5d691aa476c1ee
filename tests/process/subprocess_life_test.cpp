// SPDX-License-Identifier: Apache-2.0
// What lives and dies with whom, for programs that are not ours; and what disturbs the wait for
// them.
#include "harness/sanitized.hpp"
#include "support.hpp"
#include "troupe/base/os/thread_sanitizer.hpp"
#include "troupe/runtime/process/subprocess.hpp"
#include "troupe/runtime/process/this_process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace troupe::subprocess {
namespace {

using namespace std::chrono_literals;
using Kind = Exit::Kind;

TEST(SubprocessLifeTest, NeitherZombiesNorDescriptorsAreLeft) {
  (void)run({"true"}).value();
  const auto fds = test::open_fds();
  const auto children = test::children_of(::getpid());
  for (int i = 0; i < 10; ++i) {
    (void)run({"echo"}, {.input = "x", .capture = true}).value();
    EXPECT_FALSE(run({"no-such-program"}, {.input = "x", .capture = true}));
    (void)run({"sleep", "1000"}, {.capture = true, .until = 1ms}).value();
    Popen dropped = Popen::start({"cat"}, {.in = Stdio::pipe()}).value();
    (void)dropped.out();
    Popen ended = Popen::start({"true"}).value();
    EXPECT_TRUE(ended.wait().value().ok());
    EXPECT_EQ(test::state_of(ended.pid()), '-');
  }
  EXPECT_EQ(test::open_fds(), fds);
  EXPECT_EQ(test::children_of(::getpid()), children);
}

TEST(SubprocessLifeTest, AKilledStarterTakesItsProgramsAlongWhateverThreadStartedThem) {
  test::Program starter = test::Program::in_role({"programs"});
  const pid_t of_main = std::stoi(starter.read_line());
  const pid_t of_thread = std::stoi(starter.read_line());
  const pid_t of_actor = std::stoi(starter.read_line());
  const pid_t detached = std::stoi(starter.read_line());
  EXPECT_EQ(starter.read_line(), "all run after their threads' end");
  starter.signal(SIGKILL);
  starter.wait();
  for (const pid_t pid : {of_main, of_thread, of_actor}) {
    test::wait_until_ended(pid);
  }
  test::wait_until_in_state(detached, 'S');
  ::kill(detached, SIGKILL);
}

TEST(SubprocessLifeTest, AStopTerminatesProgramsAndNamesWhoHadToBeKilled) {
  Runtime runtime{RuntimeOptions{}};
  Popen polite = Popen::start(runtime, {"sleep", "1000"}).value();
  Popen deaf =
      Popen::start(runtime, {"sh", "-c", "trap '' TERM; echo; while :; do sleep 1000; done"},
                   {.grace = 20ms})
          .value();
  (void)deaf.out().receive_bytes(60s).value();
  const StopReport report = runtime.stop(60s);
  ASSERT_EQ(report.holders.size(), 1U);
  EXPECT_EQ(report.holders[0].who, "sh (pid " + std::to_string(deaf.pid()) + ")");
  EXPECT_TRUE(report.holders[0].killed);
  EXPECT_EQ(polite.wait().value().signal, SIGTERM);
  EXPECT_EQ(deaf.wait().value().signal, SIGKILL);
  EXPECT_EQ(run(runtime, {"true"}).error(), Code::cancelled);
}

TEST(SubprocessLifeTest, AStopEndsARunThatIsUnderWay) {
  Runtime runtime{RuntimeOptions{}};
  std::jthread stopper{[&] {
    while (runtime.family() == nullptr || test::children_of(::getpid()).empty())
      std::this_thread::yield();
    runtime.request_stop();
  }};
  EXPECT_EQ(run(runtime, {"sleep", "1000"}, {.grace = 0s}).error(), Code::cancelled);
}

TEST(SubprocessLifeTest, ADetachedProgramOutlivesItsPopenAndLeavesNoZombie) {
  pid_t pid = 0;
  test::Ends gate = test::make_pipe();
  {
    Popen popen =
        Popen::start({"cat"}, {.in = Stdio::descriptor(gate.reader.get()), .detached = true})
            .value();
    pid = popen.pid();
  }
  EXPECT_NE(test::state_of(pid), 'Z');
  EXPECT_NE(test::state_of(pid), '-');
  gate.writer.reset();
  while (::kill(pid, 0) == 0)  // a zombie is there, too
    std::this_thread::yield();
}

TEST(SubprocessLifeTest, RunningProgramsAreAmongTheChildren) {
  Popen program = Popen::start({"sleep", "1000"}).value();
  EXPECT_EQ(std::ranges::count(this_process::children(), program.pid()), 1);
}

void expect_known_or_said_to_be_unknown(const Exit& exit, int code) {
  if (exit.kind == Kind::exited) {
    EXPECT_EQ(exit.code, code);
  } else {
    EXPECT_EQ(exit.kind, Kind::failed);
    EXPECT_NE(exit.what.find("unknown"), std::string::npos);
  }
}

TEST(SubprocessLifeTest, AForeignWaitpidDoesNotConfuseIt) {
  Popen program = Popen::start({"sh", "-c", "exit 5"}).value();
  EXPECT_EQ(::waitpid(-1, nullptr, 0), program.pid());
  expect_known_or_said_to_be_unknown(program.wait().value(), 5);
  EXPECT_TRUE(program.kill());
}

TEST(SubprocessLifeTest, AnIgnoredSigchldDoesNotConfuseIt) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &before);
  const auto done = run({"sh", "-c", "cat; exit 5"}, {.input = "x", .capture = true});
  const auto missing = run({"no-such-program"});
  ::sigaction(SIGCHLD, &before, nullptr);
  EXPECT_EQ(done.value().out, "x");
  expect_known_or_said_to_be_unknown(done.value().exit, 5);
  EXPECT_EQ(missing.error().os_errno(), ENOENT);
}

TEST(SubprocessLifeTest, AStormOfSignalsIsInvisible) {
  static std::atomic<int> handled;
  struct sigaction counting {};
  struct sigaction before {};
  counting.sa_handler = [](int) { ++handled; };  // without SA_RESTART
  ::sigaction(SIGALRM, &counting, &before);
  const itimerval storm{{0, 200}, {0, 200}};
  ::setitimer(ITIMER_REAL, &storm, nullptr);
  const std::string input(3'000'000, 'x');
  for (int i = 0; i < 5; ++i) {
    const auto done = run({"cat"}, {.input = input, .capture = true, .pipe_size = 4096});
    ASSERT_TRUE(done) << done.error().what();
    EXPECT_TRUE(done->out == input);
  }
  const itimerval calm{};
  ::setitimer(ITIMER_REAL, &calm, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_GT(handled, 0);
}

struct Work {
  int number;
};

class Runner final {
 public:
  Result<std::string> handle(Work work) {
    auto done =
        run({"cat"}, {.input = std::to_string(work.number), .capture = true, .check = true});
    if (!done) return done.error();
    return done->out;
  }
};

TEST(SubprocessLifeTest, AHundredActorsRunProgramsAtOnce) {
  Runtime runtime{RuntimeOptions{}};
  std::vector<Ref<Runner>> runners;
  std::vector<Future<std::string>> answers;
  for (int i = 0; i < 100; ++i) {
    runners.push_back(runtime.spawn<Runner>());
    answers.push_back(runners.back().ask_async(Work{i}));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get(120s).value(), std::to_string(i));
  }
}

struct Endless {};

class Waiting final {
 public:
  void handle(Endless /*endless*/) {
    done_ = run({"sh", "-c", "trap 'echo told; exit 6' TERM; while :; do sleep 0.01; done"},
                {.capture = true});
  }
  std::string handle(Work /*work*/) {
    if (!done_) return done_.error().what();
    return done_->exit.text() + (done_->timed_out ? ", timed out: " : ": ") + done_->out;
  }

 private:
  Result<Completed> done_ = Error{Code::closed, "nothing has run"};
};

TEST(SubprocessLifeTest, AProgramRunForAnAskEndsWithTheAsksDeadlineAndHasItsGrace) {
  Runtime runtime{RuntimeOptions{}};
  auto waiting = runtime.spawn<Waiting>();
  std::string told;
  // A shell that is ended before it has set its trap says nothing: it gets twice the time.
  for (auto limit = 500ms; limit < 60s && told.find("told") == std::string::npos; limit *= 2) {
    const auto asked = waiting.ask(Endless{}, limit);
    // The end of the program is an answer too, and may be there before the asker looks.
    EXPECT_TRUE(asked || asked.error() == Code::timed_out);
    told = waiting.ask(Work{0}, 60s).value();
    EXPECT_NE(told.find("timed out"), std::string::npos) << told;
  }
  EXPECT_NE(told.find("exited with code 6, timed out: told"), std::string::npos) << told;
}

TEST(SubprocessLifeTest, ACopyThatForkMadeIsRefused) {
#ifdef TROUPE_THREAD_SANITIZER
  GTEST_SKIP() << "the thread sanitizer misses the threads in a copy, and fails it";
#endif
  Runtime& runtime = *Runtime::current();
  const pid_t copy = ::fork();
  if (copy == 0) {
    const auto refused = run(runtime, {"true"});
    ::_exit(!refused && refused.error() == Code::refused ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(copy, &status, 0), copy);
  EXPECT_EQ(status, 0);
}

TEST(SubprocessLifeTest, AThreadWithoutARuntimeIsToldSo) {
  std::jthread{[] {
    EXPECT_EQ(run({"true"}).error(), Code::invalid_argument);
    EXPECT_EQ(Popen::start({"true"}).error(), Code::invalid_argument);
  }};
}

}  // namespace
}  // namespace troupe::subprocess
