// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/stop_report.hpp"

#include <chrono>

namespace troupe {
namespace {

std::string line_of(const StopReport::Holder& holder) {
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(holder.for_how_long);
  std::string line = holder.who;
  if (!holder.doing.empty()) line += ", " + holder.doing + ",";
  if (!holder.waiting_for.empty()) line += " waiting for " + holder.waiting_for + ",";
  line += " did not end within " + std::to_string(waited.count()) + " ms and ";
  return line + (holder.killed ? "was killed" : "is still there");
}

}  // namespace

std::string StopReport::text() const {
  std::string text;
  for (const Holder& holder : holders) {
    if (!text.empty()) text += '\n';
    text += line_of(holder);
  }
  return text;
}

}  // namespace troupe
