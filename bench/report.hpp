// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is told of measured works: a table for people, lines of JSON for programs.

#include "machine.hpp"
#include "work.hpp"

#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace bench {

// Prints on standard output, each row as soon as it is known.
class Table final {
 public:
  void begin(const Machine& machine, const Effort& effort);
  // The works that follow answer this question.
  void question(const Question& question);
  // Two lines: medians with ratios, and below them the least and the most of the rounds.
  void row(const Measured& measured);
  // How many budgets were met, and which were not.
  void end() const;

 private:
  int budgets_ = 0;
  std::vector<std::string> missed_;
  std::map<std::string, std::vector<std::string>> failures_;  // whose and why; in which works
};

// A line a work: {"work","unit","ours","floor","peers":{…},"budget","met"}. What does not exist, or
// failed, is null.
class JsonLines final {
 public:
  explicit JsonLines(const std::string& path);  // throws std::system_error
  void row(const Measured& measured);

 private:
  std::ofstream file_;
};

}  // namespace bench
