// SPDX-License-Identifier: Apache-2.0
#include "transports/kill_matrix/step_log.hpp"

#include "troupe/base/check.hpp"
#include "troupe/transports/shm/kill_point.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): raise of SIGKILL is POSIX

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <set>
#include <string_view>
#include <utility>

namespace troupe::harness {
namespace {

constexpr std::size_t kNowhere = StepLog::kMostSteps;

// Of this process; its only thread's.
StepLog* the_log = nullptr;
std::size_t fatal_step = kNowhere;
std::uint32_t fatal_time = 0;
std::size_t awaited_step = kNowhere;
std::function<void()> awaited_action;

std::vector<std::string> names_in_sources() {
  std::set<std::string> names;
  constexpr std::string_view kCall = "kill_point(\"";
  for (const auto& entry : std::filesystem::directory_iterator(TROUPE_SHM_SOURCES)) {
    std::ifstream file{entry.path()};
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t at = text.find(kCall); at != std::string::npos; at = text.find(kCall, at)) {
      at += kCall.size();
      names.insert(text.substr(at, text.find('"', at) - at));
    }
  }
  TROUPE_CHECK(!names.empty() && names.size() <= StepLog::kMostSteps);
  return {names.begin(), names.end()};
}

}  // namespace

const std::vector<std::string>& step_names() {
  static const std::vector<std::string> names = names_in_sources();
  return names;
}

std::size_t step_of(std::string_view name) {
  const auto& names = step_names();
  const auto found = std::ranges::lower_bound(names, name);
  TROUPE_CHECK(found != names.end() && *found == name);
  return static_cast<std::size_t>(found - names.begin());
}

SharedLogs::SharedLogs()
    : logs_(static_cast<StepLog*>(::mmap(nullptr, 2 * sizeof(StepLog), PROT_READ | PROT_WRITE,
                                         MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
  TROUPE_CHECK(logs_ != MAP_FAILED);
  new (logs_) StepLog;
  new (logs_ + 1) StepLog;
}

SharedLogs::~SharedLogs() {
  ::munmap(logs_, 2 * sizeof(StepLog));
}

void log_steps(StepLog* log) {
  the_log = log;
}

void die_at(std::size_t step, std::uint32_t time) {
  fatal_step = step;
  fatal_time = time;
}

void meanwhile(std::string_view step, std::function<void()> action) {
  awaited_step = step_of(step);
  awaited_action = std::move(action);
}

void pass(const char* step) noexcept {
  static const std::size_t committed = step_of("ring.committed");
  const std::size_t which = step_of(step);
  if (which == awaited_step) {
    awaited_step = kNowhere;
    std::exchange(awaited_action, {})();
  }
  StepLog* const log = the_log;
  if (log == nullptr) {
    return;
  }
  if (which == committed) {
    ++log->committed.at(log->sending);
  }
  if (const std::uint32_t at = log->traced++; at < log->trace.size()) {
    log->trace.at(at) = static_cast<std::uint8_t>(which);
  }
  if (++log->passed.at(which) == fatal_time && which == fatal_step) {
    log->gone = true;
    ::raise(SIGKILL);
  }
}

}  // namespace troupe::harness

namespace troupe::transports {

void kill_point(const char* step) noexcept {
  harness::pass(step);
}

}  // namespace troupe::transports
