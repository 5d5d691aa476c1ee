// SPDX-License-Identifier: Apache-2.0
#pragma once

// StepLog: which kill points of the transport a process has passed, and what of its messages has
// left, in memory that the process it is killed in does not take along. And the order to die: the
// program is built with kill points that write the log of their process, and obey.

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::harness {

// The names of all kill points, as they stand in the sources.
const std::vector<std::string>& step_names();
// A name's place there.
std::size_t step_of(std::string_view name);

struct StepLog {
  static constexpr std::size_t kMostSteps = 64;
  static constexpr std::size_t kMostMessages = 64;
  static constexpr std::size_t kMostTraced = 1U << 15U;
  using Number = std::atomic<std::uint32_t>;

  std::array<Number, kMostSteps> passed{};        // times
  std::array<std::uint8_t, kMostTraced> trace{};  // the steps in their order
  Number traced{0};

  // Its messages are numbered. Which one is being sent, and how many records of each are committed.
  Number sending{0};
  std::array<Number, kMostMessages> committed{};
  // How often it had waited to receive, or to send, before it did what the other sees next.
  Number slept_before{0};
  Number blocked_before{0};

  std::atomic<bool> listening{false};
  std::atomic<bool> gone{false};  // dead at once, or done

  std::uint32_t times(std::string_view step) const { return passed.at(step_of(step)).load(); }
};

// The logs of two processes.
class SharedLogs final {
 public:
  SharedLogs();
  SharedLogs(const SharedLogs&) = delete;
  SharedLogs& operator=(const SharedLogs&) = delete;
  ~SharedLogs();

  StepLog& operator[](std::size_t which) const { return logs_[which]; }

 private:
  StepLog* logs_;
};

// What this process passes is written there from now on; nowhere: null.
void log_steps(StepLog* log);
// This process ends itself by SIGKILL when it passes `step` for the `time`-th time.
void die_at(std::size_t step, std::uint32_t time);
// Does this when it next passes `step`, at any place: what the other side does meanwhile.
void meanwhile(std::string_view step, std::function<void()> action);

}  // namespace troupe::harness
