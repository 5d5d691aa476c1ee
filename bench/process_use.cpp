// SPDX-License-Identifier: Apache-2.0
#include "process_use.hpp"

#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

namespace bench {
namespace {

std::filesystem::path folder_of(pid_t process) {
  return "/proc/" + std::to_string(process);
}

double cpu_seconds(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
    throw std::runtime_error{"the CPU clock of a process"};
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

using Sleeps = std::map<std::string, std::uint64_t>;  // of a thread, by its id

std::uint64_t sleeps_of(const std::filesystem::path& thread) {
  std::uint64_t sleeps = 0;
  std::ifstream file{thread / "status"};
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kName = "voluntary_ctxt_switches:";
    if (line.starts_with(kName)) sleeps = std::stoull(line.substr(kName.size()));
  }
  return sleeps;
}

Sleeps sleeps_now(pid_t process) {
  Sleeps sleeps;
  for (const auto& thread : std::filesystem::directory_iterator{folder_of(process) / "task"}) {
    sleeps[thread.path().filename()] = sleeps_of(thread.path());
  }
  sleeps.erase(std::to_string(::gettid()));
  return sleeps;
}

}  // namespace

double resident_bytes(pid_t process) {
  double pages = 0;
  double resident = 0;
  if (!(std::ifstream{folder_of(process) / "statm"} >> pages >> resident)) {
    throw std::runtime_error{"the memory of a process"};
  }
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

Use watch(pid_t process, std::chrono::nanoseconds duration) {
  const Sleeps before = sleeps_now(process);
  const double cpu_before = cpu_seconds(process);
  std::this_thread::sleep_for(duration);
  const double cpu = cpu_seconds(process) - cpu_before;
  double wake_ups = 0;
  for (const auto& [thread, sleeps] : sleeps_now(process)) {
    const auto known = before.find(thread);
    wake_ups += static_cast<double>(sleeps - (known == before.end() ? 0 : known->second));
  }
  const double seconds = std::chrono::duration<double>(duration).count();
  return {.cpu = cpu / seconds, .wake_ups = wake_ups / seconds};
}

}  // namespace bench
