// SPDX-License-Identifier: Apache-2.0
#include "wordcount/workers.hpp"

#include "wordcount/stages.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX

#include <chrono>

namespace wordcount {

using namespace std::chrono_literals;

Workers::Workers(troupe::Runtime& runtime, std::size_t count, const troupe::Queue<Chunk>& chunks,
                 const troupe::Queue<Counts>& counts, std::size_t kills)
    : begun_(runtime),
      supervisor_(runtime, {.restarts = static_cast<int>(kills) + 3, .backoff_first = 1ms}),
      count_(count),
      kills_(kills) {
  supervisor_
      .add_workers("worker", count, {.restart = troupe::Restart::transient}, count_words,
                   chunks.address().text(), counts.address().text(), begun_)
      .value();
  supervisor_.close_when_done("worker", counts);
}

std::vector<std::string> Workers::look() {
  std::vector<std::string> lines;
  while (will_kill()) {
    const auto begun = begun_.try_get();
    if (!begun) break;
    std::erase_if(alive_, [&](const Begun& each) { return each.worker == begun->worker; });
    alive_.push_back(*begun);
  }
  if (will_kill() && !alive_.empty()) {
    const Begun victim = alive_[chance_() % alive_.size()];
    std::erase_if(alive_, [&](const Begun& each) { return each.pid == victim.pid; });
    if (::kill(victim.pid, SIGKILL) == 0) {
      ++killed_;
      lines.push_back("killed " + victim.worker + " (pid " + std::to_string(victim.pid) +
                      "): its chunk goes to another, and another " + victim.worker + " begins");
    }
  }
  return lines;
}

std::vector<std::string> Workers::names() const {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= count_; ++i) {
    names.push_back("worker-" + std::to_string(i));
  }
  return names;
}

}  // namespace wordcount
