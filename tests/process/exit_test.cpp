// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/exit.hpp"

#include "troupe/runtime/process/stop_report.hpp"
#include "troupe/serialization/codec.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX

#include <chrono>

namespace troupe {
namespace {

using Kind = Exit::Kind;
using namespace std::chrono_literals;

TEST(ExitTest, TextSaysWhoAndHow) {
  EXPECT_EQ((Exit{Kind::killed, 0, SIGKILL, "", "worker-2 (pid 4711)"}.text()),
            "worker-2 (pid 4711) was killed by SIGKILL");
  EXPECT_EQ((Exit{Kind::failed, 1, 0, "no such file", "a"}.text()), "a failed: no such file");
  EXPECT_EQ((Exit{Kind::exited, 3, 0, "", "a"}.text()), "a exited with code 3");
  EXPECT_EQ((Exit{Kind::normal, 0, 0, "", "a"}.text()), "a ended normally");
  EXPECT_EQ(Exit{}.text(), "ended normally");
}

TEST(ExitTest, OnlyNormalIsOk) {
  EXPECT_TRUE(Exit{}.ok());
  EXPECT_FALSE((Exit{Kind::exited, 1, 0, "", ""}.ok()));
  EXPECT_FALSE((Exit{Kind::killed, 0, SIGTERM, "", ""}.ok()));
}

TEST(ExitTest, PythonCodeIsTheCodeOrMinusTheSignal) {
  EXPECT_EQ(Exit{}.python_code(), 0);
  EXPECT_EQ((Exit{Kind::failed, 1, 0, "", ""}.python_code()), 1);
  EXPECT_EQ((Exit{Kind::exited, 8, 0, "", ""}.python_code()), 8);
  EXPECT_EQ((Exit{Kind::killed, 0, SIGTERM, "", ""}.python_code()), -15);
}

TEST(ExitTest, EverySignalHasAName) {
  EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
  EXPECT_EQ(signal_name(SIGRTMIN + 2), "SIGRTMIN+2");
  EXPECT_EQ(signal_name(99), "signal 99");
}

TEST(ExitTest, AnExitIsAMessage) {
  const Exit exit{Kind::killed, 0, SIGKILL, "what", "who"};
  Encoded encoded;
  ASSERT_TRUE(encode(encoded, exit));
  const Bytes bytes = encoded.joined();
  EXPECT_EQ(decode<Exit>({bytes}).value(), exit);
}

TEST(StopReportTest, TextHasALinePerHolder) {
  const StopReport report{
      {{"a (pid 1)", "", "", 1500ms, true}, {"b", "flush", "the disk", 2s, false}}};
  EXPECT_FALSE(report.clean());
  EXPECT_EQ(report.text(),
            "a (pid 1) did not end within 1500 ms and was killed\n"
            "b, flush, waiting for the disk, did not end within 2000 ms and is still there");
}

}  // namespace
}  // namespace troupe
