// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <sched.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace bench {
namespace {

bool is_large(const Stream& stream) noexcept {
  return stream.size >= kMebibyte;
}

}  // namespace

std::string size_text(std::size_t bytes) {
  if (bytes >= kMebibyte) return std::to_string(bytes / kMebibyte) + "MiB";
  return bytes >= 1024 ? std::to_string(bytes / 1024) + "KiB" : std::to_string(bytes) + "B";
}

std::string RoundTrip::name() const {
  return scheme + (waiting == Waiting::asleep ? "/asleep" : "/awake");
}

std::string Stream::name() const {
  return scheme + "/" + size_text(size) + (form == Form::typed ? "/typed" : "/bytes");
}

std::string Stream::unit() const {
  return is_large(*this) ? "GB/s" : "M/s";
}

double Stream::figure(double seconds_a_step) const noexcept {
  const double each = is_large(*this) ? static_cast<double>(size) / 1e9 : 1e-6;
  return static_cast<double>(messages_a_step()) * each / seconds_a_step;
}

Meter timed(std::chrono::nanoseconds duration) {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint64_t kLeastUncounted = 4;  // steps, however long: memory is touched by then
  return [duration](const std::function<void()>& step) {
    const auto until = [&](Clock::time_point end, std::uint64_t least) {
      std::uint64_t steps = 0;
      auto now = Clock::now();
      do {
        step();
        ++steps;
        now = Clock::now();
      } while (now < end || steps < least);
      return std::pair{steps, now};
    };
    const auto begin = until(Clock::now() + duration / 4, kLeastUncounted).second;
    const auto [steps, end] = until(begin + duration, 1);
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
