// SPDX-License-Identifier: Apache-2.0
// What a program that is not ours finds: its environment, descriptors, signals, and what it was
// handed over.
#include "harness/temporary_directory.hpp"
#include "support.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/subprocess.hpp"
#include "troupe/runtime/runtime.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace troupe::subprocess {
namespace {

using namespace std::chrono_literals;

std::string output_of(std::vector<std::string> command, Options options = {}) {
  options.capture = true;
  options.check = true;
  return run(std::move(command), std::move(options)).value().out;
}

// Says which descriptors the program has; to list a directory takes one more.
constexpr const char* kSayFds =
    "i=0; while [ $i -lt 100 ]; do [ -e /proc/$$/fd/$i ] && echo -n $i; i=$((i+1)); done";
std::string fds_of(Options options) {
  return output_of({"sh", "-c", kSayFds}, std::move(options));
}

TEST(SubprocessSurroundingsTest, TheEnvironmentIsTheGivenOneOrTheCallers) {
  const harness::EnvironmentScope scope{"TROUPE_TEST_WORD", "ours"};
  EXPECT_EQ(output_of({"printenv", "TROUPE_TEST_WORD"}), "ours\n");
  EXPECT_EQ(output_of({"/usr/bin/env"}, {.environment = {{{"A", "1"}, {"B", ""}}}}), "A=1\nB=\n");
}

TEST(SubprocessSurroundingsTest, ThePathOfTheGivenEnvironmentCounts) {
  const harness::TemporaryDirectory directory;
  output_of({"sh", "-c", "printf '#!/bin/sh\\necho found $0\\n' > tool; chmod +x tool"},
            {.cwd = directory.path()});
  EXPECT_EQ(output_of({"tool"}, {.environment = {{{"PATH", "/nowhere:" + directory.path()}}}}),
            "found " + directory.file("tool") + "\n");
  EXPECT_EQ(run({"tool"}).error().os_errno(), ENOENT);
  // Relative ones are seen from its directory.
  EXPECT_EQ(output_of({"./tool"}, {.cwd = directory.path()}), "found ./tool\n");
}

TEST(SubprocessSurroundingsTest, TheFirstWordNeedNotBeTheFile) {
  EXPECT_EQ(output_of({"a name", "-c", "echo $0"}, {.executable = "/bin/sh"}), "a name\n");
}

TEST(SubprocessSurroundingsTest, ItRunsInTheGivenDirectory) {
  EXPECT_EQ(output_of({"pwd"}, {.cwd = "/usr"}), "/usr\n");
}

TEST(SubprocessSurroundingsTest, ItsGroupIsItsOwnOneOfASessionOrTheCallers) {
  const std::vector<std::string> ask{"sh", "-c", "cut -d' ' -f1,5,6 /proc/$$/stat"};
  // A session of 0 is one whose leader is outside this PID namespace, as in a container.
  constexpr pid_t its_own = -1;
  const auto expected = [](const std::string& answer, pid_t group, pid_t session) {
    const std::string pid = answer.substr(0, answer.find(' '));
    const auto number = [&](pid_t id) { return id == its_own ? pid : std::to_string(id); };
    return pid + " " + number(group) + " " + number(session) + "\n";
  };
  const std::string own = output_of(ask);
  EXPECT_EQ(own, expected(own, its_own, ::getsid(0)));
  const std::string session = output_of(ask, {.new_session = true});
  EXPECT_EQ(session, expected(session, its_own, its_own));
  const std::string callers = output_of(ask, {.own_group = false});
  EXPECT_EQ(callers, expected(callers, ::getpgrp(), ::getsid(0)));
}

TEST(SubprocessSurroundingsTest, SignalsAreUnblockedAndAtTheirDefaults) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &ignore, &before);
  sigset_t usr1;
  sigset_t mask;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, &mask);
  const std::string status = output_of({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"});
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::sigaction(SIGHUP, &before, nullptr);
  EXPECT_EQ(status, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(SubprocessSurroundingsTest, ItHasNoDescriptorButThoseItIsGiven) {
  const UniqueFd careless{::open("/dev/null", O_RDONLY)};  // not close-on-exec
  EXPECT_EQ(fds_of({}), "012");
  const UniqueFd far{::fcntl(careless.get(), F_DUPFD_CLOEXEC, 60)};
  EXPECT_EQ(fds_of({.pass_fds = {far.get()}}), "012" + std::to_string(far.get()));
}

TEST(SubprocessSurroundingsTest, StartsAtTheSameTimeShareNothing) {
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  Runtime& runtime = *Runtime::current();
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto done = run(runtime, {"sh", "-c", std::string{"cat; "} + kSayFds},
                              {.input = "x", .capture = true});
        if (!done || done->out != "x012") ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(SubprocessSurroundingsTest, DescriptorsMayChangePlaces) {
  test::Ends first = test::make_pipe();
  test::Ends second = test::make_pipe();
  const int a = first.writer.get();
  const int b = second.writer.get();
  output_of({"bash", "-c", "echo one >&" + std::to_string(b) + "; echo two >&" + std::to_string(a)},
            {.pass_as = {{a, b}, {b, a}}});
  first.writer.reset();
  second.writer.reset();
  EXPECT_EQ(test::read_all(first.reader), "one\n");
  EXPECT_EQ(test::read_all(second.reader), "two\n");
}

TEST(SubprocessSurroundingsTest, AProgramTakesASocketOver) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  UniqueFd ours{ends[0]};
  UniqueFd theirs{ends[1]};
  auto python = Popen::start({"python3", "-c",
                              "import socket, sys\n"
                              "s = socket.socket(fileno=int(sys.argv[1]))\n"
                              "while data := s.recv(100): s.sendall(data.upper())\n",
                              std::to_string(theirs.get())},
                             {.pass_fds = {theirs.get()}})
                    .value();
  theirs.reset();
  test::write_text(ours, "hello");
  std::string answer(5, '\0');
  ASSERT_EQ(::recv(ours.get(), answer.data(), answer.size(), MSG_WAITALL), 5);
  EXPECT_EQ(answer, "HELLO");
  ours.reset();
  EXPECT_TRUE(python.wait(60s).value().ok());
}

TEST(SubprocessSurroundingsTest, AProgramGoesOnWithAnEndOfAChannel) {
  auto [here, there] =
      connect_ends(*Runtime::current(), Address{"unix:"}, transports::Direction::duplex, false)
          .value();
  const UniqueFd given = descriptor_of(std::move(there)).value();
  auto python = Popen::start({"python3", "-c",
                              "import sys\n"
                              "from multiprocessing.connection import Connection\n"
                              "c = Connection(3)\n"
                              "c.send_bytes(c.recv_bytes()[::-1])\n"},
                             {.pass_as = {{given.get(), 3}}})
                    .value();
  ASSERT_TRUE(here.send_bytes(bytes_of("abc")));
  EXPECT_EQ(text_of(here.receive_bytes(60s).value()), "cba");
  EXPECT_TRUE(python.wait(60s).value().ok());
}

TEST(SubprocessSurroundingsTest, AnEndThatHasReadAheadOrIsTwoDescriptorsIsNotGivenAway) {
  auto [here, there] =
      connect_ends(*Runtime::current(), Address{"unix:"}, transports::Direction::duplex, false)
          .value();
  ASSERT_TRUE(here.send_bytes(bytes_of("first")));
  ASSERT_TRUE(here.send_bytes(bytes_of("second")));
  ASSERT_TRUE(here.flush());
  ASSERT_TRUE(there.receive_bytes());
  EXPECT_EQ(descriptor_of(std::move(there)).error(), Code::refused);

  auto pipes =
      connect_ends(*Runtime::current(), Address{"pipe:"}, transports::Direction::duplex, false)
          .value();
  EXPECT_EQ(descriptor_of(std::move(pipes.first)).error(), Code::invalid_argument);
  EXPECT_EQ(descriptor_of({}).error(), Code::closed);
}

}  // namespace
}  // namespace troupe::subprocess
