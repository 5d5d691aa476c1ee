// SPDX-License-Identifier: Apache-2.0
#pragma once

// What reports hold, as people read it.

#include "troupe/base/clock.hpp"
#include "troupe/runtime/actor/stats.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::tools {

// "12 ms", "3.2 s", "4 min 10 s", "2 h 5 min", "3 d 4 h".
std::string text_of(Duration time);
// The same where columns are narrow, and nothing for no time: "12ms", "3.2s", "4m10s", "2h5m".
std::string short_text_of(Duration time);

// "512", "3.2K", "17M", "2.0G".
std::string bytes_text(std::uint64_t bytes);

// Vault "gold" (18.1); without its name where it has none.
std::string text_of(const ActorStats& actor);

// The sum of a gauge over what it is told for; `label` is part of its labels: state="running".
double sum_of(const Stats& stats, std::string_view gauge, std::string_view label = {});
// The sum of a counter.
std::uint64_t total_of(const Stats& stats, std::string_view counter);

}  // namespace troupe::tools
