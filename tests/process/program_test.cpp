// SPDX-License-Identifier: Apache-2.0
// What can only be seen from outside: programs that are killed, and their families.
#include "support.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace troupe {
namespace {

using test::Program;

// The zygote among the children of `program`: it leads a process group of its own and is the only
// one while no process has been started.
pid_t zygote_of(const Program& program) {
  const auto children = test::children_of(program.pid());
  return children.size() == 1 ? *children.begin() : 0;
}

class EachMethodTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Methods, EachMethodTest, testing::Values("zygote", "exec"),
                         [](const auto& method) { return method.param; });

TEST_P(EachMethodTest, AKilledProgramTakesItsWholeTreeAlong) {  // PR-08 PR-09 W33
  Program program = Program::in_role({"tree", GetParam()});
  std::vector<pid_t> tree;
  for (int i = 0; i < 3; ++i)
    tree.push_back(std::stoi(program.read_line()));
  program.signal(SIGKILL);
  program.wait();
  for (const pid_t pid : tree)
    test::wait_until_ended(pid);
}

TEST_P(EachMethodTest, AKilledProcessTakesItsChildrenAlongAndNotItsParent) {
  Program program = Program::in_role({"tree", GetParam()});
  std::vector<pid_t> tree;
  for (int i = 0; i < 3; ++i)
    tree.push_back(std::stoi(program.read_line()));
  ::kill(tree.at(1), SIGKILL);
  test::wait_until_ended(tree.at(2));
  EXPECT_NE(test::state_of(tree.at(0)), 'Z');
}

TEST(ProgramTest, ADetachedChildOutlivesAKilledProgramAndKnowsItIsAlone) {  // PR-08 PR-09
  Program program = Program::in_role({"detached"});
  const std::set lines{program.read_line(), program.read_line()};
  EXPECT_TRUE(lines.contains("parent " + std::to_string(program.pid())));
  program.signal(SIGKILL);
  EXPECT_EQ(program.read_line(), "alone");
}

TEST(ProgramTest, TheZygoteEndsWithTheProgram) {
  Program program = Program::in_role({"start"});
  program.send_line("zygote");
  EXPECT_EQ(program.read_line(), "5");
  const pid_t zygote = zygote_of(program);
  ASSERT_NE(zygote, 0);
  program.signal(SIGKILL);
  program.wait();
  test::wait_until_ended(zygote);
}

TEST(ProgramTest, TheZygoteSurvivesTheSignalsOfATerminal) {  // PR-36
  Program program = Program::in_role({"start"});
  program.send_line("zygote");
  EXPECT_EQ(program.read_line(), "5");
  const pid_t zygote = zygote_of(program);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    ::kill(zygote, number);
  program.send_line("zygote");
  EXPECT_EQ(program.read_line(), "5");
  EXPECT_EQ(zygote_of(program), zygote);
}

TEST(ProgramTest, AKilledZygoteIsReplacedAndNobodyNotices) {  // PR-36 PR-37
  Program program = Program::in_role({"start"});
  program.send_line("zygote");
  EXPECT_EQ(program.read_line(), "5");
  for (int i = 0; i < 3; ++i) {
    const pid_t zygote = zygote_of(program);
    ASSERT_NE(zygote, 0);
    ::kill(zygote, SIGKILL);
    program.send_line("zygote");
    EXPECT_EQ(program.read_line(), "5");
    EXPECT_EQ(test::state_of(zygote), '-');
  }
  program.send_line("exec");
  EXPECT_EQ(program.read_line(), "5");
}

TEST(ProgramTest, AProgramWithThreadsGetsItsZygoteByExec) {  // PR-55
  Program program = Program::in_role({"start", "thread"});
  for (int i = 0; i < 2; ++i) {
    program.send_line("zygote");
    EXPECT_EQ(program.read_line(), "5");
  }
  program.close_input();
  EXPECT_TRUE(program.wait().ok());
}

TEST(ProgramTest, AnEmbeddedRuntimeHasNoZygoteAndNeedsAProgramThatMakesARuntime) {
  Program program = Program::in_role({"start", "embedded"});
  program.send_line("zygote");
  EXPECT_EQ(program.read_line().find("start process 'Process-1': there is no zygote"), 0U);
  EXPECT_TRUE(test::children_of(program.pid()).empty());
}

TEST(ProgramTest, ARenamedAndDeletedProgramStillFindsItself) {  // PR-57
  const auto copy =
      std::filesystem::temp_directory_path() / ("troupe-program-" + std::to_string(::getpid()));
  std::filesystem::copy_file(TROUPE_TEST_PROGRAM, copy,
                             std::filesystem::copy_options::overwrite_existing);
  Program program = Program::run({copy, "start"});
  program.send_line("zygote");
  EXPECT_EQ(program.read_line(), "5");
  std::filesystem::remove(copy);
  program.send_line("exec");
  EXPECT_EQ(program.read_line(), "5");
}

TEST(ProgramTest, TheExecutableCanBeChosen) {  // PR-02
  Program same = Program::in_role({"executable", TROUPE_TEST_PROGRAM});
  EXPECT_NE(same.read_line().find(") ended normally"), std::string::npos);
}

TEST(ProgramTest, AnExecutableThatMakesNoRuntimeIsRefusedWithTheReason) {  // PR-48
  Program ends = Program::in_role({"executable", "/bin/true"});
  EXPECT_EQ(
      ends.read_line(),
      "start process 'Process-1': '/bin/true' did not make a troupe::Runtime{argc, argv} in main "
      "before it exited with code 0: processes that are started by exec need one");
  Program absent = Program::in_role({"executable", "/no/such/program"});
  EXPECT_NE(absent.read_line().find("execute '/no/such/program': No such file"), std::string::npos);
}

TEST(ProgramTest, AnArgumentVectorOfThousandsIsHandedOn) {  // CX-14
  std::vector<std::string> arguments(5000, "argument");
  arguments.insert(arguments.begin(), "argv");
  Program program = Program::in_role(arguments);
  EXPECT_EQ(program.read_line(), "5002");
  EXPECT_EQ(program.read_line(), "5000");
}

TEST_P(EachMethodTest, StaticsOfAChildAreAsBeforeMainAtAnyDepth) {
  Program program = Program::in_role({"statics", GetParam()});
  EXPECT_EQ(program.read_line(), "child 1");
  EXPECT_EQ(program.read_line(), "grandchild 1");
}

TEST_P(EachMethodTest, LocksOfOtherThreadsDoNotReachAChild) {  // W16 PR-55
  Program program = Program::in_role({"threads", GetParam()});
  EXPECT_EQ(program.read_line(), "done");
}

TEST_P(EachMethodTest, ANewRootDirectoryIsRefusedOrInherited) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to change its root directory";
  Program program = Program::in_role({"chroot", GetParam()});
  const std::string line = program.read_line();
  if (GetParam() == "zygote") {
    EXPECT_NE(line.find("the root directory has changed"), std::string::npos) << line;
  } else {  // there is no /proc there, nor the program
    EXPECT_NE(line.find("start process"), std::string::npos) << line;
  }
}

TEST(ProgramTest, NamesFollowTheFamilyAndGenerationsCostNoDescriptors) {  // PR-50 PR-12
  Program program = Program::in_role({"generations"});
  std::string name = "Process-1";
  std::set<std::string> counts;
  for (int depth = 0; depth <= 5; ++depth) {
    const std::string line = program.read_line();
    EXPECT_EQ(line.substr(0, line.find(' ')), name);
    counts.insert(line.substr(line.find(' ')));
    name += ":1";
  }
  EXPECT_EQ(counts.size(), 1U);
}

TEST(ProgramTest, TheFirstProcessHasANameAndNoParent) {  // PR-01 PR-06
  Program program = Program::in_role({"name"});
  EXPECT_EQ(program.read_line(), "main none main");
}

TEST(ProgramTest, PreloadRunsOnceInTheZygoteAndChildrenHaveWhatItMade) {  // CX-07 CX-13
  Program program = Program::in_role({"preload", "fine", "zygote"});
  EXPECT_EQ(program.read_all(), "preloaded\nchild 42\nchild 42\n");
}

TEST(ProgramTest, PreloadRunsInEachChildThatHasNoZygote) {
  Program program = Program::in_role({"preload", "fine", "exec"});
  const std::string said = program.read_all();
  EXPECT_EQ(
      said.find("preloaded\npreloaded\nchild 42\npreloaded\nchild 42\n") != std::string::npos ||
          said.find("preloaded\nchild 42\npreloaded\nchild 42\n") != std::string::npos,
      true)
      << said;
}

TEST_P(EachMethodTest, APreloadThatThrowsFailsTheStartWithItsMessage) {
  Program program = Program::in_role({"preload", "throws", GetParam()});
  EXPECT_EQ(program.read_line(),
            "start process 'Process-1': RuntimeOptions::preload threw: no model");
}

TEST_P(EachMethodTest, APreloadThatLeavesAThreadIsRefused) {
  Program program = Program::in_role({"preload", "thread", GetParam()});
  EXPECT_NE(program.read_all().find("left a thread running"), std::string::npos);
}

TEST(ProgramTest, SigtermAndSigintStopARuntimeThatAskedForIt) {  // PR-19 W31
  for (const int number : {SIGTERM, SIGINT}) {
    Program program = Program::in_role({"stop"});
    const pid_t child = std::stoi(program.read_line().substr(6));
    program.signal(number);
    EXPECT_EQ(program.read_line(), "cancelled");
    EXPECT_EQ(::kill(child, 0), 0);  // it is ended in order, by the stop
    program.send_line("go on");
    EXPECT_EQ(program.read_line(), "clean");
    const Exit exit = program.wait();
    EXPECT_EQ(exit.signal, number == SIGINT ? SIGINT : 0) << "so that a shell stops its script";
    EXPECT_EQ(exit.code, 0);
    EXPECT_EQ(test::state_of(child), '-');
  }
}

TEST(ProgramTest, TheSecondSigintEndsTheProgramAtOnce) {
  Program program = Program::in_role({"stop"});
  const pid_t child = std::stoi(program.read_line().substr(6));
  program.signal(SIGINT);
  EXPECT_EQ(program.read_line(), "cancelled");
  program.signal(SIGTERM);  // does not count
  program.signal(SIGINT);
  const Exit exit = program.wait();
  EXPECT_EQ(exit.signal, SIGINT) << exit.text();
  test::wait_until_ended(child);
}

TEST(ProgramTest, AChildThatEndsBecauseItWasToldToStopEndsNormally) {
  Program program = Program::in_role({"stop-in-child"});
  EXPECT_EQ(program.read_line(), "waiting");
  program.send_line("go on");
  EXPECT_EQ(program.read_line(), "ended normally");
}

TEST(ProgramTest, AForksCopyCanDoNothingWithTheRuntime) {
  Program program = Program::in_role({"fork-copy"});
  EXPECT_EQ(program.read_line(), "refused");
  EXPECT_EQ(program.read_line().find("this process is a copy that fork() made"), 0U);
  EXPECT_EQ(program.read_line(), "refused");
  EXPECT_EQ(program.read_line(), "copy 0 alive");
  EXPECT_TRUE(program.wait().ok());
}

TEST(ProgramTest, AForksCopyDoesNotKeepTheChildrenAlive) {
  Program program = Program::in_role({"fork-and-die"});
  const std::string line = program.read_line();
  const pid_t child = std::stoi(line);
  const pid_t copy = std::stoi(line.substr(line.find(' ')));
  program.signal(SIGKILL);
  test::wait_until_ended(child);
  EXPECT_EQ(::kill(copy, SIGKILL), 0);
}

}  // namespace
}  // namespace troupe
