// SPDX-License-Identifier: Apache-2.0
// Notification between processes: a signal that an actor of the other handles.
#include "support.hpp"
#include "troupe/base/os/thread_sanitizer.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGHUP is POSIX

#include <string>

namespace troupe {
namespace {

TEST(NotifyTest, ASignalToAChildIsAMessageToItsActor) {
#ifdef TROUPE_THREAD_SANITIZER
  GTEST_SKIP() << "the thread sanitizer holds a signal back while its thread waits on a futex";
#endif
  test::Program program = test::Program::run({TROUPE_TEST_TERMINAL_PROGRAM, "notify"});
  for (const int number : {SIGHUP, SIGUSR1, SIGINT, SIGTERM, SIGUSR2}) {
    EXPECT_EQ(program.read_line(), std::to_string(number));
  }
  EXPECT_EQ(program.read_line(), "ended normally");
  EXPECT_TRUE(program.wait().ok());
}

}  // namespace
}  // namespace troupe
