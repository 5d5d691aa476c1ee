// SPDX-License-Identifier: Apache-2.0
// A program that is all the parts of a system, and what it says to who starts it.
#include "support.hpp"
#include "troupe/base/error.hpp"
#include "troupe/runtime/program_arguments.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

namespace troupe {
namespace {

using test::Program;

Program start(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), TROUPE_TEST_ROLES_PROGRAM);
  return Program::run(std::move(arguments));
}
// With variables of its own.
Program start_with(const std::vector<std::string>& variables, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), TROUPE_TEST_ROLES_PROGRAM);
  arguments.insert(arguments.begin(), variables.begin(), variables.end());
  arguments.insert(arguments.begin(), "env");
  return Program::run(std::move(arguments));
}

int status_of(Program& program) {
  const Exit exit = program.wait();
  return exit.ok() ? 0 : exit.code;
}

TEST(RolesTest, ARoleThatIsDoneEndsTheProgramInOrder) {
  Program program = start({"--troupe-role", "done"});
  EXPECT_EQ(program.read_all(), "");
  EXPECT_EQ(status_of(program), 0);
}

TEST(RolesTest, TheEnvironmentNamesTheRoleWhereTheCommandLineDoesNot) {
  Program one = start_with({"TROUPE_ROLE=done"}, {});
  EXPECT_EQ(status_of(one), 0);
  Program other = start_with({"TROUPE_ROLE=throws"}, {"--troupe-role=done"});
  EXPECT_EQ(status_of(other), 0);
}

TEST(RolesTest, WhatIsOursIsTakenOutOfTheArgumentsAndNothingElse) {
  Program program = start({"a", "--troupe-role=done", "--b", "--troupe-base", "tcp://h:1", "-c",
                           "--", "--troupe-role=other"});
  EXPECT_EQ(program.read_all(), "left a\nleft --b\nleft -c\nleft --\nleft --troupe-role=other\n");
  EXPECT_EQ(status_of(program), 0);
}

TEST(RolesTest, WithoutARoleTheLogNamesThoseThatThereAreAndRetryingIsOfNoUse) {
  Program none = start({});
  EXPECT_NE(none.read_all().find(
                "no role is said; say --troupe-role or TROUPE_ROLE, one of: done, error, serve, "),
            std::string::npos);
  EXPECT_EQ(status_of(none), 78);
  Program unknown = start({"--troupe-role=dnoe"});
  EXPECT_NE(unknown.read_all().find("there is no role \"dnoe\""), std::string::npos);
  EXPECT_EQ(status_of(unknown), 78);
}

TEST(RolesTest, TheStatusSaysWhetherAnotherStartMayHelp) {
  const std::set<Code> for_ever{Code::refused, Code::invalid_argument, Code::malformed,
                                Code::failed};
  for (int number = 1; number <= static_cast<int>(Code::cancelled); ++number) {
    Program program = start({"--troupe-role=error", std::to_string(number)});
    EXPECT_NE(program.read_all().find("role \"error\": so it is"), std::string::npos);
    EXPECT_EQ(status_of(program), for_ever.contains(static_cast<Code>(number)) ? 78 : 75) << number;
  }
}

TEST(RolesTest, ARoleThatThrowsHasFailed) {
  Program program = start({"--troupe-role=throws"});
  EXPECT_NE(program.read_all().find("role \"throws\": it threw: out of ink"), std::string::npos);
  EXPECT_EQ(status_of(program), 78);
}

TEST(RolesTest, SigtermLetsActorsFinishWhatWasBegunAndThenTheRoleGoOn) {
  Program program = start({"--troupe-role=serve"});
  EXPECT_EQ(program.read_line(), "worked 20000");
  EXPECT_EQ(program.read_line(), "stopped");
  EXPECT_EQ(program.read_all(), "");
  EXPECT_EQ(status_of(program), 0);
}

TEST(RolesTest, AnOptionThatThereIsNotIsSaidWhichEndsTheProgram) {
  Program program = start({"--troupe-rol=done"});
  EXPECT_FALSE(program.wait().ok());
}

TEST(RolesTest, PlainNamesLiveUnderTheBaseThatWhoStartsSays) {
  Program plain = start({"--troupe-role=where"});
  EXPECT_EQ(plain.read_all(), "shm://jobs\nshm://jobs\n");
  Program said = start_with({"TROUPE_BASE=tcp://hosta:7000"}, {"--troupe-role=where"});
  EXPECT_EQ(said.read_all(), "tcp://hosta:7000/jobs\ntcp://hosta:7000/jobs\n");
  Program both = start_with({"TROUPE_BASE=tcp://hosta:7000"},
                            {"--troupe-role=where", "--troupe-base=nats://h1,h2/app"});
  EXPECT_EQ(both.read_all(), "nats://h1,h2/app/jobs\nnats://h1,h2/app/jobs\n");
}

TEST(AddressUnderTest, ANameIsPartOfTheAddressWhateverItsBytes) {
  struct Case {
    const char* base;
    const char* name;
    const char* address;
  };
  for (const Case& each : std::to_array<Case>({
           {"shm:", "jobs", "shm://jobs"},
           {"shm://app", "jobs", "shm://app.jobs"},
           {"shm:/dev/shm/app", "jobs", "shm:/dev/shm/app/jobs"},
           {"inproc:", "jobs", "inproc://jobs"},
           {"unix:/run/app", "jobs", "unix:/run/app/jobs"},
           {"unix:/run/app/", "jobs", "unix:/run/app/jobs"},
           {"tls://hosta:7000", "jobs", "tls://hosta:7000/jobs"},
           {"tls://hosta:7000/", "a/b", "tls://hosta:7000/a/b"},
           {"tcp://[::1]:7000?plaintext=accepted", "jobs",
            "tcp://[::1]:7000/jobs?plaintext=accepted"},
           {"nats://h1,h2/app", "jobs", "nats://h1,h2/app/jobs"},
           {"tcp://h:1", "what now? 100%", "tcp://h:1/what%20now%3F%20100%25"},
           {"tcp://h:1", "unix:/x", "tcp://h:1/unix%3A/x"},
       })) {
    EXPECT_EQ(address_under(each.base, each.name).text(), each.address);
  }
}

TEST(AddressUnderTest, AnEmptyNameIsNowhere) {
  EXPECT_FALSE(address_under("tcp://h:1", "").valid());
}

}  // namespace
}  // namespace troupe
