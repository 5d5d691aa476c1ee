// SPDX-License-Identifier: Apache-2.0
#include "wordcount/text.hpp"

#include <gtest/gtest.h>

namespace wordcount {
namespace {

TEST(TextTest, NumbersHaveCommas) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
}

TEST(TextTest, BytesAreShownInMegabytesAndGigabytes) {
  EXPECT_EQ(in_megabytes(0), "0.0 MB");
  EXPECT_EQ(in_megabytes(12'340'000), "12.3 MB");
  EXPECT_EQ(in_megabytes(4'560'000'000), "4.56 GB");
}

TEST(TextTest, TimesAreRoundedUp) {
  EXPECT_EQ(minutes_and_seconds(0), "0:00");
  EXPECT_EQ(minutes_and_seconds(6.1), "0:07");
  EXPECT_EQ(minutes_and_seconds(750), "12:30");
  EXPECT_EQ(minutes_and_seconds(3723), "1:02:03");
}

TEST(TextTest, PrintableTextStaysAsItIs) {
  EXPECT_EQ(printable("a~ naïve → 𝄞"), "a~ naïve → 𝄞");
}

TEST(TextTest, WhatSteersATerminalIsEscaped) {
  EXPECT_EQ(printable("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // a C1 code
}

TEST(TextTest, WhatIsNotUtf8IsEscaped) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                    // cut
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // longer than it must be
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
}

}  // namespace
}  // namespace wordcount
