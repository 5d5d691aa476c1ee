// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <sched.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace bench {

Meter timed(std::chrono::nanoseconds duration) {
  using Clock = std::chrono::steady_clock;
  return [duration](const std::function<void()>& step) {
    const auto until = [&](Clock::time_point end) {
      std::uint64_t steps = 0;
      auto now = Clock::now();
      do {
        step();
        ++steps;
        now = Clock::now();
      } while (now < end);
      return std::pair{steps, now};
    };
    const auto begin = until(Clock::now() + duration / 4).second;
    const auto [steps, end] = until(begin + duration);
    return std::chrono::duration<double>(end - begin).count() / static_cast<double>(steps);
  };
}

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) {
        cpus.push_back(cpu);
      }
    }
  }
  return cpus;
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error{errno, std::generic_category(), "sched_setaffinity"};
  }
}

Placement placement(Waiting waiting) {
  const auto cpus = allowed_cpus();
  if (waiting == Waiting::asleep) {
    return {cpus.back(), cpus.back()};
  }
  if (cpus.size() < 2) {
    throw std::runtime_error{"needs two CPUs"};
  }
  return {cpus.front(), cpus.back()};
}

}  // namespace bench
