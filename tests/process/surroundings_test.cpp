// SPDX-License-Identifier: Apache-2.0
// What a child finds around it: as its starter has it now, not as the zygote had it.
#include "support.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/process/this_process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace troupe {
namespace {

Runtime& runtime() {
  return *Runtime::current();
}

void require(bool fact, const std::string& what) {
  if (!fact) throw std::runtime_error{what};
}

class SurroundingsTest : public testing::TestWithParam<StartMethod> {
 protected:
  template <class F, class... X>
  void expect_in_child(F body, X&&... arguments) {
    Process process{runtime(), {.start = GetParam()}, body, std::forward<X>(arguments)...};
    const Exit exit = process.join().value();
    EXPECT_TRUE(exit.ok()) << exit.text();
  }
};

TEST_P(SurroundingsTest, TheCurrentDirectoryIsTheStarters) {  // PR-56
  const auto before = std::filesystem::current_path();
  const auto made =
      std::filesystem::temp_directory_path() / ("troupe-" + std::to_string(::getpid()));
  std::filesystem::create_directory(made);
  std::filesystem::current_path(made);
  expect_in_child(
      [](const std::string& path) {
        require(std::filesystem::current_path() == path, std::filesystem::current_path());
      },
      made.string());
  std::filesystem::remove(made);
  if (GetParam() == StartMethod::zygote) {  // GoogleTest does not start where there is no path
    expect_in_child([] {
      struct stat status {};
      require(::stat(".", &status) == 0 && status.st_nlink == 0, "the removed directory");
    });
  }
  std::filesystem::current_path(before);
}

TEST_P(SurroundingsTest, TheUmaskIsTheStarters) {
  const mode_t before = ::umask(0137);
  expect_in_child([] { require(::umask(0) == 0137, "umask"); });
  EXPECT_EQ(::umask(before), 0137U);
}

TEST_P(SurroundingsTest, TheEnvironmentIsTheStarters) {  // PR-49
  ::setenv("TROUPE_TEST_NEW", "with = and \xC3\xA4", 1);
  const std::string home = std::getenv("PATH");
  ::unsetenv("PATH");
  expect_in_child([] {
    require(std::string{std::getenv("TROUPE_TEST_NEW")} == "with = and \xC3\xA4", "new");
    require(std::getenv("PATH") == nullptr, "removed");
    require(std::getenv("TROUPE_ROLE_FD") == nullptr, "internal");
    ::setenv("TROUPE_TEST_NEW", "changed", 1);
    require(std::string{std::getenv("TROUPE_TEST_NEW")} == "changed", "changed");
  });
  ::setenv("PATH", home.c_str(), 1);
  ::unsetenv("TROUPE_TEST_NEW");
  expect_in_child([] { require(std::getenv("TROUPE_TEST_NEW") == nullptr, "gone"); });
}

TEST_P(SurroundingsTest, LimitsAreTheStarters) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit changed{before.rlim_cur - 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &changed), 0);
  expect_in_child(
      [](std::uint64_t soft, std::uint64_t hard) {
        rlimit own{};
        ::getrlimit(RLIMIT_NOFILE, &own);
        require(own.rlim_cur == soft && own.rlim_max == hard, "limit");
      },
      changed.rlim_cur, changed.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_P(SurroundingsTest, InputIsNullAndTheProcessGroupItsOwn) {  // W31
  expect_in_child(
      [](pid_t starter) {
        char byte = 0;
        require(::read(STDIN_FILENO, &byte, 1) == 0, "input");
        require(::getpgrp() == ::getpid(), "group");
        require(::getppid() == starter && this_process::parent() == starter,
                "parent");  // PR-07 PR-13
      },
      ::getpid());
}

TEST_P(SurroundingsTest, SignalsAreUnblockedAndAtTheirDefaults) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  struct sigaction ignoring {};
  ignoring.sa_handler = SIG_IGN;
  struct sigaction old {};
  ::sigaction(SIGPIPE, &ignoring, &old);
  expect_in_child([] {
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    for (int number = 1; number < 65; ++number) {
      if (number == 32 || number == 33) continue;  // libc's own
      require(::sigismember(&mask, number) == 0, "blocked: " + signal_name(number));
    }
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1}) {
      struct sigaction action {};
      ::sigaction(number, nullptr, &action);
      require(action.sa_handler == SIG_DFL, "not default: " + signal_name(number));
    }
  });
  ::sigaction(SIGPIPE, &old, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_P(SurroundingsTest, TheMainThreadHasItsOwnId) {  // PR-15
  expect_in_child([] {
    require(::gettid() == ::getpid(), "main thread");
    // What libc has written down of it is what the kernel says: robust mutexes need that.
    pthread_mutexattr_t robust;
    ::pthread_mutexattr_init(&robust);
    ::pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_t mutex;
    ::pthread_mutex_init(&mutex, &robust);
    require(::pthread_mutex_lock(&mutex) == 0, "lock");
    require(mutex.__data.__owner == ::gettid(), "owner");
    require(::pthread_mutex_unlock(&mutex) == 0, "unlock");
  });
}

TEST_P(SurroundingsTest, NoDescriptorIsInheritedUnasked) {    // PR-32 PR-51
  const UniqueFd high{::fcntl(STDOUT_FILENO, F_DUPFD, 200)};  // without close-on-exec
  ASSERT_TRUE(high);
  std::vector<Process> siblings;
  for (int i = 0; i < 5; ++i) {
    siblings.emplace_back(runtime(), [] { ::pause(); });
  }
  const auto count = [](UniqueFd writer) {
    const auto fds = test::open_fds();
    test::write_text(writer, std::to_string(fds.size()));
    require(!fds.contains(200), "a high descriptor");
  };
  std::set<std::string> counts;
  for (int i = 0; i < 3; ++i) {
    test::Ends pipe = test::make_pipe();
    siblings.emplace_back(runtime(), ProcessOptions{.start = GetParam()}, count,
                          std::move(pipe.writer));
    counts.insert(test::read_all(pipe.reader));
    EXPECT_TRUE(siblings.back().join().value().ok()) << siblings.back().exit()->text();
  }
  EXPECT_EQ(counts.size(), 1U);
  EXPECT_LE(std::stoul(*counts.begin()), 8U);
}

// The standard outputs of this process, put back at the end.
class Outputs {
 public:
  Outputs() : output_(::dup(STDOUT_FILENO)), error_(::dup(STDERR_FILENO)) {}
  ~Outputs() {
    ::dup2(output_.get(), STDOUT_FILENO);
    ::dup2(error_.get(), STDERR_FILENO);
  }

 private:
  UniqueFd output_;
  UniqueFd error_;
};

TEST_P(SurroundingsTest, OutputGoesWhereTheStartersGoesNow) {
  test::Ends pipe = test::make_pipe();
  {
    const Outputs keep;
    ::dup2(pipe.writer.get(), STDOUT_FILENO);
    Process process{runtime(), {.start = GetParam()}, [] { std::puts("said"); }};
    EXPECT_TRUE(process.join().value().ok());
  }
  pipe.writer.reset();
  EXPECT_EQ(test::read_all(pipe.reader), "said\n");
}

TEST_P(SurroundingsTest, AStartWorksWhileTheOutputsAreClosed) {  // PR-34
  const auto body = [] {
    require(std::puts("to nobody") >= 0 && std::fflush(stdout) == 0, "output");
    require(::write(STDERR_FILENO, "x", 1) == 1, "error output");
  };
  const auto run = [&] {
    Process process{runtime(), {.start = GetParam()}, body};
    return process.join().value();
  };
  Exit exit;
  {
    const Outputs keep;
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    exit = run();
  }
  EXPECT_TRUE(exit.ok()) << exit.text();
  {
    const Outputs keep;
    const UniqueFd input{::dup(STDIN_FILENO)};
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);  // so that descriptors of the runtime's own take these numbers
    exit = run();
    ::dup2(input.get(), STDIN_FILENO);
  }
  EXPECT_TRUE(exit.ok()) << exit.text();
}

TEST_P(SurroundingsTest, AChildThatClosesItsOutputsEndsNormally) {  // PR-35
  expect_in_child([] {
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
  });
}

TEST_P(SurroundingsTest, DroppedPrivilegesStayDropped) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to drop its privileges";
  test::Program running = test::Program::in_role(
      {"drop-privileges", GetParam() == StartMethod::exec ? "exec" : "zygote"});
  EXPECT_EQ(running.read_line(), "uid 1234 1234 1234 gid 2345 2345 2345 groups 7 capabilities 0");
  EXPECT_TRUE(running.wait().ok());
}

INSTANTIATE_TEST_SUITE_P(Methods, SurroundingsTest,
                         testing::Values(StartMethod::zygote, StartMethod::exec),  // CX-01
                         [](const auto& method) {
                           return method.param == StartMethod::zygote ? "Zygote" : "Exec";
                         });

}  // namespace
}  // namespace troupe
