// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include "exchange.hpp"

#include <sys/utsname.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>

namespace bench {
namespace {

std::string cpu_model() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

// The first line that the command prints.
std::string first_line_of(const std::string& command) {
  struct Close {
    void operator()(std::FILE* stream) const { ::pclose(stream); }
  };
  const std::unique_ptr<std::FILE, Close> output{::popen(command.c_str(), "r")};
  std::array<char, 256> line{};
  if (output == nullptr || std::fgets(line.data(), line.size(), output.get()) == nullptr) {
    return {};
  }
  const std::string text{line.data()};
  return text.substr(0, text.find('\n'));
}

std::string commit() {
  const std::string git = "git -c safe.directory='*' -C '" TROUPE_BENCH_PEERS "' ";
  const std::string hash = first_line_of(git + "rev-parse --short=12 HEAD 2>/dev/null");
  if (hash.empty()) {
    return "unknown";
  }
  const bool changed = !first_line_of(git + "status --porcelain -uno 2>/dev/null").empty();
  return hash + (changed ? "+" : "");
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return text.data();
}

}  // namespace

Machine this_machine() {
  utsname system{};
  ::uname(&system);
  Machine machine{
      .cpu = cpu_model() + ", " + std::to_string(allowed_cpus().size()) + " CPUs",
      .kernel = std::string{system.sysname} + " " + system.release,
      .commit = commit(),
      .date = date(),
  };
  std::ifstream{"/proc/loadavg"} >> machine.load;
  return machine;
}

}  // namespace bench
