// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <system_error>

namespace bench {
namespace {

constexpr int kNameWidth = 30;
constexpr int kFigureWidth = 18;
constexpr int kBudgetWidth = 14;

// Three digits that mean something.
std::string short_number(double value) {
  const int digits = value < 1e-9 ? 0 : static_cast<int>(std::floor(std::log10(value)));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", std::clamp(2 - digits, 0, 3), value);
  return text.data();
}

std::string ratio_text(const std::optional<double>& ratio) {
  return ratio ? " " + short_number(*ratio) + "x" : "";
}

// Of UTF-8, in which a letter may be of several bytes, all but the first of them 10xxxxxx.
void print_cell(const std::string& text, int width) {
  const auto more = std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; });
  std::printf("%-*s ", width + static_cast<int>(more), text.c_str());
}

std::string median_text(const Measured& measured, const Figures& side) {
  if (side.failed()) {
    return side.role == Role::ours ? "failed" : "–";
  }
  return short_number(side.median()) +
         (side.role == Role::ours ? "" : ratio_text(measured.ratio_to(side)));
}

std::string spread_text(const Figures& side) {
  return side.failed() ? ""
                       : "(" + short_number(side.least()) + "-" + short_number(side.most()) + ")";
}

std::string verdict(const Measured& measured) {
  if (!measured.budget) {
    return "";
  }
  const auto reached = measured.reached();
  return std::string{measured.met() ? "met" : "MISS"} +
         (reached ? " at " + short_number(*reached) : "");
}

// A string as JSON has it; ours hold nothing but plain characters.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      result += '\\';
    }
    result += letter;
  }
  return result + "\"";
}

std::string json_median(const Figures& side) {
  if (side.failed()) {
    return "null";
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", side.median());
  return text.data();
}

}  // namespace

void Table::begin(const Machine& machine, const Effort& effort) {
  std::printf("%s; %s; commit %s; %s; load %.2f\n", machine.cpu.c_str(), machine.kernel.c_str(),
              machine.commit.c_str(), machine.date.c_str(), machine.load);
  if (machine.load > 0.5) {
    std::printf(
        "others were at work here a minute ago: if they still are, the figures are noise in "
        "part\n");
  }
  std::printf("%d rounds; a side runs %g ms a round; median (least-most) of the rounds\n",
              effort.rounds, std::chrono::duration<double, std::milli>(effort.duration).count());
  std::printf(
      "beside the floor: ours divided by it; beside a peer: how many times better ours is\n");
}

void Table::question(const Question& question) {
  std::printf("\n== %s\n%s\n\n", question.title.c_str(), question.method.c_str());
  print_cell("", kNameWidth);
  for (const Side& side : question.works.front().sides) {
    print_cell(side.name, kFigureWidth);
  }
  std::printf("budget\n");
}

void Table::row(const Measured& measured) {
  print_cell(measured.name, kNameWidth);
  for (const Figures& side : measured.sides) {
    print_cell(median_text(measured, side), kFigureWidth);
  }
  print_cell(measured.budget ? measured.budget->text() : "none", kBudgetWidth);
  std::printf("%s\n", verdict(measured).c_str());
  print_cell("  " + measured.unit, kNameWidth);
  for (const Figures& side : measured.sides) {
    print_cell(spread_text(side), kFigureWidth);
  }
  std::printf("\n");
  std::fflush(stdout);

  if (measured.budget) {
    ++budgets_;
    if (!measured.met()) {
      missed_.push_back(measured.name + ": " + verdict(measured) + ", budget " +
                        measured.budget->text());
    }
  }
  for (const Figures& side : measured.sides) {
    if (!side.failure.empty()) {
      failures_[side.name + ": " + side.failure].push_back(measured.name);
    }
  }
}

void Table::end() const {
  std::printf("\n%zu of %d budgets met\n", static_cast<std::size_t>(budgets_) - missed_.size(),
              budgets_);
  for (const std::string& work : missed_) {
    std::printf("  %s\n", work.c_str());
  }
  if (!failures_.empty()) {
    std::printf("could not be measured\n");
  }
  for (const auto& [failure, works] : failures_) {
    std::printf("  %s (%s%s)\n", failure.c_str(), works.front().c_str(),
                works.size() > 1 ? " and others" : "");
  }
}

JsonLines::JsonLines(const std::string& path) : file_(path) {
  if (!file_) {
    throw std::system_error{errno, std::generic_category(), "write " + path};
  }
}

void JsonLines::row(const Measured& measured) {
  std::string floor = "null";
  std::string peers;
  for (const Figures& side : measured.sides) {
    if (side.role == Role::floor) {
      floor = json_median(side);
    } else if (side.role == Role::peer) {
      peers += (peers.empty() ? "" : ",") + quoted(side.name) + ":" + json_median(side);
    }
  }
  const auto& budget = measured.budget;
  file_ << "{\"work\":" << quoted(measured.name) << ",\"unit\":" << quoted(measured.unit)
        << ",\"ours\":" << json_median(measured.ours()) << ",\"floor\":" << floor << ",\"peers\":{"
        << peers << "},\"budget\":" << (budget ? quoted(budget->text()) : "null") << ",\"met\":"
        << (!budget          ? "null"
            : measured.met() ? "true"
                             : "false")
        << "}\n"
        << std::flush;
}

}  // namespace bench
