// SPDX-License-Identifier: Apache-2.0
#include "wordcount/progress.hpp"

#include "troupe/base/unique_fd.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace wordcount {
namespace {

constexpr Extent kTotal{1000, 200'000'000};

TEST(ProgressBarTest, ShowsFilesBytesSpeedAndTimeLeft) {
  EXPECT_EQ(progress_bar({500, 100'000'000}, kTotal, 10, 100),
            "[=============>             ]  50%    500/1,000 files  100.0 MB/200.0 MB    10 MB/s  "
            "time left 0:10");
}

TEST(ProgressBarTest, IsNeverWiderThanTheTerminal) {
  for (std::size_t columns = 1; columns < 200; ++columns) {
    EXPECT_LT(progress_bar({500, 100'000'000}, kTotal, 10, columns).size(),
              std::max<std::size_t>(columns, 5));
  }
}

TEST(ProgressBarTest, IsFullAtTheEndAndAlsoWhenTheTreeHasGrown) {
  for (const Extent done : {kTotal, Extent{2000, 400'000'000}}) {
    const auto bar = progress_bar(done, kTotal, 10, 100);
    EXPECT_NE(bar.find("100%"), std::string::npos) << bar;
    EXPECT_NE(bar.find("=]"), std::string::npos) << bar;
    EXPECT_NE(bar.find("time left 0:00"), std::string::npos) << bar;
  }
}

TEST(ProgressBarTest, KnowsNoTimeLeftAtTheBeginning) {
  EXPECT_NE(progress_bar({}, kTotal, 0, 100).find("time left -:--"), std::string::npos);
}

TEST(ProgressBarTest, EmptyFilesAreProgressToo) {
  EXPECT_NE(progress_bar({1, 0}, {4, 0}, 1, 100).find(" 25%"), std::string::npos);
}

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    reader_ = troupe::UniqueFd{ends[0]};
    writer_ = troupe::UniqueFd{ends[1]};
  }
  std::string written() {
    writer_.reset();
    std::string text(4096, '\0');
    const auto count = ::read(reader_.get(), text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }

  troupe::UniqueFd reader_, writer_;
};

TEST_F(ProgressTest, WithoutATerminalTellsEachQuarterOnce) {
  {
    Progress progress{kTotal, writer_.get()};
    for (std::uint64_t part = 0; part <= 100; ++part) {
      progress.show({10 * part, 2'000'000 * part}, static_cast<double>(part));
    }
  }
  EXPECT_EQ(written(),
            " 25%    250/1,000 files   50.0 MB/200.0 MB     2 MB/s\n"
            " 50%    500/1,000 files  100.0 MB/200.0 MB     2 MB/s\n"
            " 75%    750/1,000 files  150.0 MB/200.0 MB     2 MB/s\n");
}

TEST_F(ProgressTest, NotesAreLines) {
  Progress progress{kTotal, writer_.get()};
  progress.note("hello");
  EXPECT_EQ(written(), "hello\n");
}

}  // namespace
}  // namespace wordcount
