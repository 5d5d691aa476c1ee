// SPDX-License-Identifier: Apache-2.0
// As whom a program that is not ours runs: user, groups, umask, process group.
#include "support.hpp"
#include "troupe/runtime/process/subprocess.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL is POSIX
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace troupe::subprocess {
namespace {

// The right to give a program other credentials. Whoever lacks it skips what needs that.
class SubprocessCredentialsTest : public testing::Test {
 protected:
  static bool is_root() { return ::geteuid() == 0; }
  static uid_t nobody() { return ::getpwnam("nobody")->pw_uid; }
};

#define TROUPE_NEEDS_ROOT() \
  if (!is_root()) GTEST_SKIP() << "needs root, to give a program another user"

std::string output_of(std::vector<std::string> command, Options options = {}) {
  options.capture = true;
  options.check = true;
  return run(std::move(command), std::move(options)).value().out;
}

std::string lines_of_status(Options options) {
  return output_of({"grep", "-E", "^(Uid|Gid|Groups|CapPrm):", "/proc/self/status"},
                   std::move(options));
}

TEST_F(SubprocessCredentialsTest, ItIsTheGivenUserByNumberOrByName) {
  TROUPE_NEEDS_ROOT();
  const std::string uid = std::to_string(nobody());
  for (const Account& user : {Account{nobody()}, Account{"nobody"}}) {
    const std::string status = lines_of_status({.user = user});
    EXPECT_NE(status.find("Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid), std::string::npos)
        << status;
    EXPECT_NE(status.find("CapPrm:\t0000000000000000"), std::string::npos) << status;
    // As in Python: that is another option's.
    EXPECT_NE(status.find("Gid:\t" + std::to_string(::getgid()) + "\t"), std::string::npos)
        << status;
  }
  EXPECT_EQ(::geteuid(), 0U) << "the starter stays who it is";
}

TEST_F(SubprocessCredentialsTest, ItIsInTheGivenGroupsAndInNoOther) {
  TROUPE_NEEDS_ROOT();
  const std::string status = lines_of_status(
      {.user = "nobody", .group = 2345, .extra_groups = std::vector<Account>{7, 1234}});
  EXPECT_NE(status.find("Gid:\t2345\t2345\t2345\t2345\n"), std::string::npos) << status;
  EXPECT_NE(status.find("Groups:\t7 1234 \n"), std::string::npos) << status;
  const std::string named = lines_of_status({.extra_groups = std::vector<Account>{"root"}});
  EXPECT_NE(named.find("Groups:\t0 \n"), std::string::npos) << named;
  const std::string none = lines_of_status({.extra_groups = std::vector<Account>{}});
  EXPECT_NE(none.find("Groups:\t \n"), std::string::npos) << none;
}

TEST_F(SubprocessCredentialsTest, ItIsKilledWithItsStarterWhoeverItIs) {
  TROUPE_NEEDS_ROOT();
  const std::vector<std::string> ask{
      "python3", "-c",
      "import ctypes; n = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(n)); "
      "print(n.value)"};
  EXPECT_EQ(output_of(ask, {.user = "nobody"}), std::to_string(SIGKILL) + "\n");
}

TEST_F(SubprocessCredentialsTest, TheStarterCanStillBeDumped) {
  TROUPE_NEEDS_ROOT();
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
  output_of({"true"}, {.user = "nobody"});
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
}

TEST_F(SubprocessCredentialsTest, AnotherUserWhoCannotBeStartedIsAnError) {
  TROUPE_NEEDS_ROOT();
  const Error error = run({"/no-such-program"}, {.user = "nobody"}).error();
  EXPECT_EQ(error.os_errno(), ENOENT) << error.what();
}

TEST_F(SubprocessCredentialsTest, WhoLacksTheRightIsToldWhichOptionNeedsIt) {
  std::vector<Error> errors;
  std::thread nobody_thread{[&, runtime = Runtime::current(), uid = nobody()] {
    // Of this thread alone, since libc does not hear of it. What is detached it starts itself.
    if (is_root()) ::syscall(SYS_setresuid, uid, uid, uid);
    for (Options options : {Options{.user = 0}, Options{.group = 4711},
                            Options{.extra_groups = std::vector<Account>{7, 8}}}) {
      options.detached = true;
      errors.push_back(run(*runtime, {"true"}, std::move(options)).error());
    }
  }};
  nobody_thread.join();
  ::prctl(PR_SET_DUMPABLE, 1);  // which a change of user takes away
  const auto text = [&](std::size_t i) { return std::string{errors.at(i).what()}; };
  for (const Error& error : errors) {
    EXPECT_EQ(error, Code::system);
    EXPECT_EQ(error.os_errno(), EPERM);
  }
  EXPECT_NE(text(0).find("user 0"), std::string::npos) << text(0);
  EXPECT_NE(text(1).find("group 4711"), std::string::npos) << text(1);
  EXPECT_NE(text(2).find("extra_groups 7, 8"), std::string::npos) << text(2);
}

TEST_F(SubprocessCredentialsTest, TheUmaskIsTheGivenOneOrTheCallers) {
  EXPECT_EQ(output_of({"sh", "-c", "umask"}, {.umask = 0027}), "0027\n");
  const mode_t before = ::umask(0071);
  EXPECT_EQ(output_of({"sh", "-c", "umask"}), "0071\n");
  output_of({"true"}, {.umask = 0027});
  EXPECT_EQ(::umask(before), 0071U) << "the starter's stays";
}

TEST_F(SubprocessCredentialsTest, ItJoinsAProcessGroupThatIsThere) {
  const std::vector<std::string> ask{"sh", "-c", "cut -d' ' -f1,5 /proc/$$/stat"};
  const Popen leader = Popen::start({"sleep", "1000"}).value();
  const std::string joined = output_of(ask, {.process_group = leader.pid()});
  EXPECT_EQ(joined.substr(joined.find(' ')), " " + std::to_string(leader.pid()) + "\n");
  const std::string own = output_of(ask, {.own_group = false, .process_group = 0});
  const std::string pid = own.substr(0, own.find(' '));
  EXPECT_EQ(own, pid + " " + pid + "\n");
}

TEST_F(SubprocessCredentialsTest, TheGroupThatItJoinedIsNotEndedWithIt) {
  Popen leader = Popen::start({"cat"}, {.in = Stdio::pipe()}).value();
  { const Popen joined = Popen::start({"sleep", "1000"}, {.process_group = leader.pid()}).value(); }
  ASSERT_TRUE(leader.in().send_bytes(bytes_of("still here")));
  leader.in().close();
  EXPECT_EQ(text_of(leader.out().receive_bytes(std::chrono::seconds{60}).value()), "still here");
  EXPECT_TRUE(leader.wait().value().ok());
}

TEST_F(SubprocessCredentialsTest, WhatCannotBeIsRefusedBeforeTheStartWithItsOption) {
  const auto refused = [](Options options) {
    const auto done = run({"true"}, std::move(options));
    if (done) return std::string{"it ran"};
    EXPECT_EQ(done.error(), Code::invalid_argument) << done.error().what();
    return std::string{done.error().what()};
  };
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(refused({.user = "no such user"}), "user 'no such user'");
  has(refused({.user = ""}), "user ''");
  has(refused({.user = -1}), "user -1");
  has(refused({.group = "no such group"}), "group 'no such group'");
  has(refused({.group = std::int64_t{1} << 32}), "group 4294967296");
  has(refused({.extra_groups = std::vector<Account>{0, "no such group"}}),
      "extra_groups 'no such group'");
  has(refused({.extra_groups = std::vector<Account>(65537, Account{0})}), "65537");
  has(refused({.umask = 01000}), "umask");
  has(refused({.process_group = -5}), "process_group -5");
  has(refused({.new_session = true, .process_group = ::getpid()}), "process_group");
}

TEST_F(SubprocessCredentialsTest, AProcessGroupThatIsNotOfThisSessionIsAnErrorThatNamesIt) {
  const Popen elsewhere = Popen::start({"sleep", "1000"}, {.new_session = true}).value();
  const Error error = run({"true"}, {.process_group = elsewhere.pid()}).error();
  EXPECT_EQ(error, Code::system);
  EXPECT_NE(std::string{error.what()}.find("process_group " + std::to_string(elsewhere.pid())),
            std::string::npos)
      << error.what();
}

}  // namespace
}  // namespace troupe::subprocess
