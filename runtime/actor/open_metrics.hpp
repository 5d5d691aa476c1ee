// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counters and gauges as OpenMetrics text (version 1.0.0), for Prometheus and what reads the same.
// docs/metrics.md says what each is. For Runtime::open_metrics, and for programs that add to Stats.

#include "troupe/runtime/actor/stats.hpp"

#include <string>
#include <string_view>

namespace troupe::actor {

// The families that docs/metrics.md names, those without a sample too, and "# EOF" at the end.
std::string open_metrics(const Stats& stats);

// `text` as the value of a label, between its quotes.
std::string label_value(std::string_view text);

}  // namespace troupe::actor
