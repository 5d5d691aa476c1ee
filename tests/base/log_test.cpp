// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>  // NOLINT(modernize-deprecated-headers): PIPE_BUF is POSIX
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGPIPE is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace troupe {
namespace {

struct Seen {
  LogLevel level{};
  std::string process;
  std::string who;
  std::string text;
  std::string file;
};

class LogTest : public testing::Test {
 protected:
  Log log(LogLevel level = LogLevel::info) {
    return Log{
        [this](const LogRecord& record) {
          seen_.push_back({record.level, std::string{record.process}, std::string{record.who},
                           std::string{record.text}, record.where.file});
        },
        level, "main"};
  }

  std::vector<Seen> seen_;
};

TEST_F(LogTest, RecordsSayWhoWhatAndHowBad) {  // LG-01
  log().write(LogLevel::error, "no such row", "Account 17.3");
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].level, LogLevel::error);
  EXPECT_EQ(seen_[0].process, "main");
  EXPECT_EQ(seen_[0].who, "Account 17.3");
  EXPECT_EQ(seen_[0].text, "no such row");
}

TEST_F(LogTest, ARecordNamesTheFileOfItsCaller) {  // LG-03
  log().write(LogLevel::info, "here");
  log().write("and here");
  for (const Seen& seen : seen_) {
    EXPECT_TRUE(seen.file.ends_with("log_test.cpp")) << seen.file;
  }
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNotSeen) {  // LG-01
  Log log = this->log(LogLevel::warning);
  const Log copy = log;
  for (const LogLevel level :
       {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    EXPECT_EQ(copy.takes(level), level >= LogLevel::warning);
    copy.write(level, name_of(level));
  }
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].text, "warning");
  log.set_level(LogLevel::debug);
  copy.write(LogLevel::debug, "now");
  EXPECT_EQ(seen_.back().text, "now") << "copies share the level";
  log.set_level(LogLevel::none);
  copy.write(LogLevel::error, "never");
  copy.write(LogLevel::none, "never");
  EXPECT_EQ(seen_.back().text, "now");
}

TEST_F(LogTest, ASinkMayTakeTheMessageAlone) {
  std::vector<std::string> lines;
  const Log log{[&](std::string_view line) { lines.emplace_back(line); }};
  log.write(LogLevel::info, "no such row", "Account 17.3");
  log.write("plain");
  EXPECT_EQ(lines, (std::vector<std::string>{"Account 17.3: no such row", "plain"}));
}

TEST_F(LogTest, WithoutASinkNothingIsTakenAndTheLevelIsKept) {
  Log log{{}, LogLevel::debug};
  EXPECT_FALSE(log.takes(LogLevel::error));
  log.write("nowhere");
  EXPECT_EQ(log.level(), LogLevel::debug);
  log.set_level(LogLevel::error);
  EXPECT_EQ(log.level(), LogLevel::error);
}

// ---- lines in a descriptor ---------------------------------------------------------------------

class FdSinkTest : public testing::Test {
 protected:
  FdSinkTest() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~FdSinkTest() override {
    ::close(ends_[0]);
    close_writer();
  }

  Log log() const { return Log{Log::to_fd(ends_[1]), LogLevel::info, "main"}; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  std::string read_all() {
    close_writer();
    std::string all;
    std::array<char, 65536> piece;
    for (ssize_t count = 0; (count = ::read(ends_[0], piece.data(), piece.size())) > 0;) {
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
    return all;
  }

  std::array<int, 2> ends_{-1, -1};
};

TEST_F(FdSinkTest, ALineHasTimeLevelProcessAndWho) {
  log().write(LogLevel::warning, "no such row", "Account 17.3");
  const std::regex form{
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z warning main\[(\d+)\] Account 17\.3: no such row\n)"};
  const std::string line = read_all();
  std::smatch parts;
  ASSERT_TRUE(std::regex_match(line, parts, form)) << line;
  EXPECT_EQ(parts[1], std::to_string(::getpid()));
}

TEST_F(FdSinkTest, ARecordIsOneLineWhateverIsInIt) {
  log().write("two\nlines\t\x1b[31mred\x7f é");
  const std::string line = read_all();
  EXPECT_TRUE(line.ends_with("two\\nlines\\t\\x1b[31mred\\x7f é\n")) << line;
}

TEST_F(FdSinkTest, ATextThatIsTooLongIsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 3 * PIPE_BUF)
    text += "é";
  log().write(text);
  log().write("." + text);
  const std::string lines = read_all();
  const std::size_t end = lines.find('\n');
  for (const std::string& line : {lines.substr(0, end), lines.substr(end + 1)}) {
    EXPECT_LE(line.size(), PIPE_BUF);
    EXPECT_GT(line.size(), PIPE_BUF - 4);
    EXPECT_NE(line.find("\xc3\xa9 ... (cut)"), std::string::npos);
  }
}

TEST_F(FdSinkTest, LinesOfManyProcessesAreNeverTorn) {
  constexpr int kProcesses = 4;
  constexpr int kLines = 300;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const Log own = log();
      const std::string body(3500, static_cast<char>('a' + i));
      for (int line = 0; line < kLines; ++line)
        own.write("<" + body + ">");
      ::_exit(0);
    }
    children.push_back(child);
  }
  const std::string all = read_all();
  for (const pid_t child : children)
    ::waitpid(child, nullptr, 0);
  std::map<char, int> whole;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const std::size_t begin = all.find('<', at);
    const std::string body = all.substr(begin, end - begin);
    ASSERT_EQ(body, "<" + std::string(3500, body[1]) + ">");
    ++whole[body[1]];
    at = end + 1;
  }
  for (int i = 0; i < kProcesses; ++i)
    EXPECT_EQ(whole[static_cast<char>('a' + i)], kLines);
}

TEST_F(FdSinkTest, AReaderThatIsGoneDoesNotEndTheProgram) {
  ::close(ends_[0]);
  const auto before = ::signal(SIGPIPE, SIG_DFL);
  log().write("nobody");
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
  ::signal(SIGPIPE, before);
  ends_[0] = -1;
}

}  // namespace
}  // namespace troupe
