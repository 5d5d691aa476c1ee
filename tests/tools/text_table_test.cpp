// SPDX-License-Identifier: Apache-2.0
#include "tools/text_table.hpp"

#include "tools/figures_text.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

TEST(TextTableTest, ColumnsAreAsWideAsWhatTheyHold) {
  TextTable table{{{"ID"}, {"COUNT", Align::right}, {"NAME", Align::name}}};
  table.add({"17.3", "5", "anna"});
  table.add({"1.1", "1000", "bo"});
  EXPECT_EQ(table.lines(), (Lines{
                               "ID    COUNT  NAME",
                               "17.3      5  anna",
                               "1.1    1000  bo",
                           }));
}

TEST(TextTableTest, NamesShareWhatALineHasAndEndInAnEllipsis) {
  TextTable table{{{"A", Align::name}, {"N", Align::right}, {"B", Align::name}}};
  table.add({std::string(30, 'a'), "1", std::string(10, 'b')});
  EXPECT_EQ(table.lines(30).at(1), std::string(14, 'a') + "…  1  " + std::string(10, 'b'));
  EXPECT_EQ(table.lines(20).at(1), "aaaaaaa…  1  bbbbbb…");
  EXPECT_EQ(table.lines(10).at(1), "aaaaaaa… …") << "where nothing else can go";
}

TEST(TextTableTest, ACharacterOfSeveralBytesTakesOnePlaceAndIsNeverHalved) {
  EXPECT_EQ(width_of("äöü└"), 4U);
  EXPECT_EQ(cut("äöüß", 3), "äö…");
  EXPECT_EQ(cut("äöüß", 4), "äöüß");
  EXPECT_EQ(cut("abc", 0), "");
}

TEST(TextTableTest, WhatATerminalWouldObeyIsNotWritten) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f z"), "a?[31m?? z");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m")
      << "the control sequence introducer in UTF-8";
  EXPECT_EQ(printable("\x9b\xff\xc3"), "???");
  EXPECT_EQ(printable("größe └"), "größe └");
}

TEST(FiguresTextTest, TimesAreReadAsPeopleSayThem) {
  EXPECT_EQ(text_of(Duration{12ms}), "12 ms");
  EXPECT_EQ(text_of(Duration{3250ms}), "3.2 s");
  EXPECT_EQ(text_of(Duration{42s}), "42 s");
  EXPECT_EQ(text_of(Duration{250s}), "4 min 10 s");
  EXPECT_EQ(text_of(Duration{125min}), "2 h 5 min");
  EXPECT_EQ(text_of(Duration{76h}), "3 d 4 h");
  EXPECT_EQ(short_text_of(Duration{250s}), "4m10s");
  EXPECT_EQ(short_text_of(Duration{0}), "");
}

TEST(FiguresTextTest, AGaugeIsSummedOverWhatItIsToldFor) {
  Stats stats;
  stats.gauges = {{"troupe_actors", 5},
                  {R"(troupe_actors_in_state{type="A",state="running"})", 1},
                  {R"(troupe_actors_in_state{type="B",state="idle"})", 2},
                  {R"(troupe_actors_in_state{type="B",state="running"})", 3}};
  stats.counters = {{"troupe_messages_handled_total{type=\"A\"}", 7},
                    {"troupe_messages_handled_total{type=\"B\"}", 8}};
  EXPECT_EQ(sum_of(stats, "troupe_actors"), 5);
  EXPECT_EQ(sum_of(stats, "troupe_actors_in_state", "state=\"running\""), 4);
  EXPECT_EQ(total_of(stats, "troupe_messages_handled_total"), 15U);
}

}  // namespace
}  // namespace troupe::tools
