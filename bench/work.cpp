// SPDX-License-Identifier: Apache-2.0
#include "work.hpp"

#include "fresh_process.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

namespace bench {
namespace {

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) {
    return *middle;
  }
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace

std::string Budget::text() const {
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), "%s %g",
                bound == Bound::at_most ? "<=" : ">=", ratio);
  return number.data() + (against.empty() ? "" : "x " + against);
}

double Figures::median() const {
  return median_of(rounds);
}

double Figures::least() const {
  return *std::ranges::min_element(rounds);
}

double Figures::most() const {
  return *std::ranges::max_element(rounds);
}

std::optional<double> Measured::ratio_to(const Figures& side) const {
  if (ours().failed() || side.failed()) {
    return std::nullopt;
  }
  const bool ours_above = side.role == Role::floor || better == Better::higher;
  std::vector<double> ratios;
  for (std::size_t round = 0; round < side.rounds.size(); ++round) {
    const double of_ours = ours().rounds[round];
    const double of_side = side.rounds[round];
    if (of_ours == 0 || of_side == 0) return std::nullopt;
    ratios.push_back(ours_above ? of_ours / of_side : of_side / of_ours);
  }
  return median_of(std::move(ratios));
}

std::optional<double> Measured::reached() const {
  if (!budget || ours().failed()) {
    return std::nullopt;
  }
  if (budget->against.empty()) {
    return ours().median();
  }
  const auto side = std::ranges::find(sides, budget->against, &Figures::name);
  return side == sides.end() ? std::nullopt : ratio_to(*side);
}

bool Measured::met() const {
  const auto ratio = reached();
  return ratio && (budget->bound == Budget::Bound::at_most ? *ratio <= budget->ratio
                                                           : *ratio >= budget->ratio);
}

Measured measure(const Work& work, const Effort& effort) {
  Measured measured{work.name, work.unit, work.better, {}, work.budget};
  for (const Side& side : work.sides) {
    measured.sides.push_back({side.role, side.name, {}, {}});
  }
  const int rounds = std::min(effort.rounds, work.most_rounds.value_or(effort.rounds));
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < work.sides.size(); ++i) {
      Figures& figures = measured.sides[i];
      if (!figures.failure.empty() || !work.sides[i].figure) {
        continue;
      }
      try {
        figures.rounds.push_back(in_fresh_process([&] { return work.sides[i].figure(effort); }));
      } catch (const std::exception& error) {
        figures.failure = error.what();
        figures.rounds.clear();
      }
    }
  }
  return measured;
}

}  // namespace bench
