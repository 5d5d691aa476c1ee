// SPDX-License-Identifier: Apache-2.0
#include "tools/figures_text.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace troupe::tools {
namespace {

using namespace std::chrono_literals;

struct Units {
  std::string_view ms, s, min, h, d, gap;
};
constexpr Units kLong{" ms", " s", " min", " h", " d", " "};
constexpr Units kShort{"ms", "s", "m", "h", "d", ""};

std::string two(Duration time, Duration large, std::string_view large_unit, Duration small,
                std::string_view small_unit, std::string_view gap) {
  const auto first = time / large;
  const auto second = time % large / small;
  std::string text = std::to_string(first) + std::string{large_unit};
  if (second > 0) {
    text += std::string{gap} + std::to_string(second) + std::string{small_unit};
  }
  return text;
}

std::string text(Duration time, const Units& units) {
  if (time < 1s) return std::to_string(time / 1ms) + std::string{units.ms};
  if (time < 10s) {
    const auto tenths = time / 100ms;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + std::string{units.s};
  }
  if (time < 1min) return std::to_string(time / 1s) + std::string{units.s};
  if (time < 1h) return two(time, 1min, units.min, 1s, units.s, units.gap);
  if (time < 24h) return two(time, 1h, units.h, 1min, units.min, units.gap);
  return two(time, 24h, units.d, 1h, units.h, units.gap);
}

// Calls visit(value) for each sample of the family that has the label.
template <class Samples, class Visit>
void for_each_sample(const Samples& samples, std::string_view name, std::string_view label,
                     const Visit& visit) {
  for (auto at = samples.lower_bound(std::string{name}); at != samples.end(); ++at) {
    const std::string_view key = at->first;
    if (!key.starts_with(name)) break;
    const bool is_its = key.size() == name.size() || key[name.size()] == '{';
    if (is_its && key.find(label) != std::string_view::npos) visit(at->second);
  }
}

}  // namespace

std::string text_of(Duration time) {
  return text(time, kLong);
}

std::string short_text_of(Duration time) {
  return time > Duration::zero() ? text(time, kShort) : std::string{};
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGTPE";
  if (bytes < 1024) return std::to_string(bytes);
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (size /= 1024; size >= 999.5 && unit + 1 < kUnits.size(); size /= 1024) {
    ++unit;
  }
  const int tenths = static_cast<int>(std::lround(size * 10));
  return (size < 9.95 ? std::to_string(tenths / 10) + "." + std::to_string(tenths % 10)
                      : std::to_string(std::lround(size))) +
         kUnits[unit];
}

std::string text_of(const ActorStats& actor) {
  std::string text = actor.type;
  if (!actor.name.empty()) {
    text += " \"" + actor.name + "\"";
  }
  return text + " (" + actor.id.text() + ")";
}

double sum_of(const Stats& stats, std::string_view gauge, std::string_view label) {
  double sum = 0;
  for_each_sample(stats.gauges, gauge, label, [&](double value) { sum += value; });
  return sum;
}

std::uint64_t total_of(const Stats& stats, std::string_view counter) {
  std::uint64_t sum = 0;
  for_each_sample(stats.counters, counter, "", [&](std::uint64_t value) { sum += value; });
  return sum;
}

}  // namespace troupe::tools
