// SPDX-License-Identifier: Apache-2.0
// The text of open_metrics(), held against OpenMetrics 1.0.0 and against docs/metrics.md.
#include "actor/support.hpp"
#include "troupe/runtime/actor/open_metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace troupe::actor_test {
namespace {

struct Family {
  std::string type, help, unit;
  std::size_t samples = 0;
};

// Strict: throws std::runtime_error for what the format does not allow.
class Parsed {
 public:
  explicit Parsed(const std::string& text) {
    std::istringstream lines{text};
    std::string line;
    while (std::getline(lines, line)) {
      require(!ended_, "text behind # EOF");
      take(line);
    }
    require(ended_, "no # EOF");
    require(text.ends_with("# EOF\n"), "# EOF is not the end");
    for (const auto& [name, family] : families) {
      require(!family.type.empty() && !family.help.empty(), name + " lacks TYPE or HELP");
    }
  }

  std::map<std::string, Family> families;
  std::map<std::string, double> samples;

 private:
  void require(bool condition, const std::string& what) const {
    if (!condition) {
      throw std::runtime_error{what + ": " + line_};
    }
  }

  void take(const std::string& line) {
    line_ = line;
    static const std::regex declaration{"# (TYPE|HELP|UNIT) ([a-z_:][a-z0-9_:]*) (.+)"};
    // name{label="value",…} number; in a value, only \\ \" and \n begin with a backslash.
    static const std::regex sample{
        R"re(([a-z_:][a-z0-9_:]*)(\{([a-z_]+="([^"\\\n]|\\["\\n])*"(,|(?=\})))+\})? (\d+(\.\d+)?(e[+-]\d+)?))re"};
    std::smatch match;
    if (line == "# EOF") {
      ended_ = true;
    } else if (std::regex_match(line, match, declaration)) {
      declare(match[1], match[2], match[3]);
    } else {
      require(std::regex_match(line, match, sample), "neither declaration nor sample");
      count(match[1], line.substr(0, line.rfind(' ')), std::stod(match[6]));
    }
  }

  void declare(const std::string& what, const std::string& name, const std::string& value) {
    if (what == "TYPE") {
      require(!families.contains(name), "declared twice, or its lines are not together");
      current_ = name;
    }
    require(name == current_, "a declaration among another family's lines");
    Family& family = families[name];
    require(family.samples == 0, "a declaration behind samples");
    std::string& place = what == "TYPE" ? family.type : what == "HELP" ? family.help : family.unit;
    require(place.empty(), "said twice");
    place = value;
    require(what != "TYPE" || value == "gauge" || value == "counter", "no type of ours");
    require(what != "UNIT" || name.ends_with("_" + value), "the name does not end in the unit");
    require(what != "TYPE" || !name.ends_with("_total"), "_total is the sample's");
  }

  void count(const std::string& name, const std::string& key, double value) {
    require(families.contains(current_), "a sample before its family");
    Family& family = families[current_];
    require(name == current_ + (family.type == "counter" ? "_total" : ""), "in another's place");
    require(samples.emplace(key, value).second, "there twice");
    ++family.samples;
  }

  std::string line_;
  std::string current_;
  bool ended_ = false;
};

TEST(MetricsTest, ARuntimeThatHasDoneNothingHasEachFamily) {
  const Runtime runtime{workers(1)};
  const Parsed parsed{runtime.open_metrics()};
  EXPECT_GE(parsed.families.size(), 15U);
  EXPECT_EQ(parsed.samples.at("troupe_actors"), 0);
  EXPECT_EQ(parsed.samples.at("troupe_workers"), 0);
  EXPECT_EQ(parsed.samples.at("troupe_messages_dropped_total{cause=\"ended\"}"), 0);
}

TEST(MetricsTest, ActorsAreSummedByClass) {
  Runtime runtime{workers(2)};
  std::vector<Ref<Recorder>> recorders;
  for (int i = 0; i < 20; ++i) {
    recorders.push_back(runtime.spawn<Recorder>());
    EXPECT_TRUE(recorders.back().ask(Read{}, forever));
  }
  const Hold hold;
  recorders[7].send(hold);
  hold.begun.pass();
  recorders[7].send(1);
  recorders[7].send(2);
  wait_until([&] { return runtime.stats().gauges.at("troupe_workers_asleep") == 1; });

  const Parsed parsed{runtime.open_metrics()};
  EXPECT_EQ(parsed.samples.at("troupe_actors"), 20);
  EXPECT_EQ(parsed.samples.at("troupe_actors_in_state{type=\"Recorder\",state=\"idle\"}"), 19);
  EXPECT_EQ(parsed.samples.at("troupe_actors_in_state{type=\"Recorder\",state=\"running\"}"), 1);
  EXPECT_EQ(parsed.samples.at("troupe_mailbox_messages{type=\"Recorder\"}"), 2);
  EXPECT_EQ(parsed.samples.at("troupe_messages_handled_total{type=\"Recorder\"}"), 21);
  EXPECT_EQ(parsed.samples.at("troupe_workers"), 2);
  EXPECT_LT(parsed.samples.size(), 40U);
  hold.end.open();
}

TEST(MetricsTest, LabelsAreEscaped) {
  EXPECT_EQ(actor::label_value("A<\"x\\y\">\n"), R"(A<\"x\\y\">\n)");
  Stats stats;
  stats.gauges["troupe_mailbox_messages{type=\"" + actor::label_value("A<\"x\\y\">\n") + "\"}"] =
      0.5;
  const Parsed parsed{actor::open_metrics(stats)};
  EXPECT_EQ(parsed.samples.begin()->second, 0.5);
}

// A row of the table: | `name` | type | …
TEST(MetricsTest, EachFamilyIsDocumentedAndEachDocumentedOneIsThere) {
  std::ifstream file{TROUPE_METRICS_DOCUMENT};
  ASSERT_TRUE(file.is_open());
  std::map<std::string, std::string> documented;
  const std::regex row{R"(\| `([a-z_]+)` \| (gauge|counter) \|.*)"};
  for (std::string line; std::getline(file, line);) {
    if (std::smatch match; std::regex_match(line, match, row)) {
      documented[match[1]] = match[2];
    }
  }
  std::map<std::string, std::string> written;
  const Runtime runtime{workers(1)};
  for (const auto& [name, family] : Parsed{runtime.open_metrics()}.families) {
    written[family.type == "counter" ? name + "_total" : name] = family.type;
  }
  EXPECT_EQ(documented, written);
}

// That the reader above is strict.
TEST(MetricsTest, WhatIsNotOpenMetricsIsRefused) {
  const std::string gauge = "# TYPE a gauge\n# HELP a text\n";
  const std::string counter = "# TYPE b counter\n# HELP b text\n";
  EXPECT_NO_THROW(Parsed{gauge + "a 1\n" + counter + "b_total{x=\"y\"} 2.5\n# EOF\n"});
  for (const std::string& wrong :
       {gauge + "a 1\n", gauge + "a 1\n# EOF", gauge + "a 1\n# EOF\na 1\n",
        std::string{"# TYPE a gauge\na 1\n# EOF\n"}, std::string{"a 1\n# EOF\n"},
        counter + "b 1\n# EOF\n", gauge + "a_total 1\n# EOF\n", gauge + "a 1\na 1\n# EOF\n",
        gauge + counter + "a 1\n# EOF\n", gauge + "a{x=\"\"y\"} 1\n# EOF\n",
        gauge + "# UNIT a seconds\n# EOF\n", gauge + "a nan\n# EOF\n",
        gauge + "a 1\n" + gauge + "# EOF\n"}) {
    EXPECT_ANY_THROW(Parsed{wrong}) << wrong;
  }
}

}  // namespace
}  // namespace troupe::actor_test
