// SPDX-License-Identifier: Apache-2.0
#pragma once

// Work: one thing that is measured, done by several sides in the same way: ours, its peers and the
// floor, which is the least that the machine charges for it. measure() lets the sides run in turn,
// round after round, so that what the machine does meanwhile hits all of them; a ratio is made of
// two figures of one round, and the median of the ratios is what a budget is held against.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench {

struct Effort {
  std::chrono::nanoseconds duration{};  // of what one side does in one round
  int rounds = 0;
};

enum class Role { ours, floor, peer };

struct Side {
  Role role = Role::peer;
  std::string name;
  // One figure, in the unit of the work. Runs in a process of its own; throws when it cannot.
  // Empty: this side has nothing of the kind.
  std::function<double(const Effort&)> figure;
};

enum class Better { lower, higher };

// What ours must reach. Against a floor the ratio is ours divided by it; against a peer it is how
// many times better ours is; against nobody it is our figure itself.
struct Budget {
  enum class Bound { at_most, at_least };
  Bound bound = Bound::at_most;
  double ratio = 0;
  std::string against;  // a side's name; empty: nobody

  std::string text() const;  // "<= 1.1x floor"
};

struct Work {
  std::string name;  // parts divided by slashes, from the question to the variant
  std::string unit;
  Better better = Better::lower;
  std::vector<Side> sides;  // ours is first
  std::optional<Budget> budget;
  std::optional<int> most_rounds = std::nullopt;  // of a work that takes long
};

// One question and how it is asked.
struct Question {
  std::string title;
  std::string method;  // lines for the reader of the figures
  std::vector<Work> works;
};

// What one side reached.
struct Figures {
  Role role = Role::peer;
  std::string name;
  std::vector<double> rounds;  // empty: it failed, or has nothing of the kind
  std::string failure;         // why it failed

  bool failed() const noexcept { return rounds.empty(); }
  double median() const;
  double least() const;
  double most() const;
};

struct Measured {
  std::string name;
  std::string unit;
  Better better = Better::lower;
  std::vector<Figures> sides;
  std::optional<Budget> budget;

  const Figures& ours() const { return sides.front(); }
  // The ratio of ours to that side, as Budget counts it; nothing when one of them failed, or was 0.
  std::optional<double> ratio_to(const Figures& side) const;
  // What is held against the budget; nothing when it could not be measured.
  std::optional<double> reached() const;
  bool met() const;
};

Measured measure(const Work& work, const Effort& effort);

}  // namespace bench
