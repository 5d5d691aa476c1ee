// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of inspection share.

#include "harness/temporary_directory.hpp"
#include "process/support.hpp"
#include "troupe/runtime/node/inspection.hpp"

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::node_test {

// Where the programs that a test starts have their sockets.
class PrivateDirectory final {
 public:
  std::string path() const { return directory_.file("troupe"); }

 private:
  const harness::TemporaryDirectory directory_;
  const harness::EnvironmentScope runtime_directory_{"XDG_RUNTIME_DIR", directory_.path()};
};

inline std::string read_until_ready(test::Program& program) {
  std::string all;
  for (std::string line; (line = program.read_line()) != "ready";) {
    if (line.empty()) throw std::runtime_error{"the program has ended: " + all};
    all += line + "\n";
  }
  return all;
}

// Others of this user may run programs, too.
inline std::vector<node::ProgramPlace> places_of(pid_t pid) {
  auto places = node::find_programs();
  std::erase_if(places, [pid](const node::ProgramPlace& place) { return place.pid != pid; });
  return places;
}

inline node::ProgramReport report_of(pid_t pid, node::Detail detail = node::Detail::actors) {
  const auto places = places_of(pid);
  if (places.empty()) throw std::runtime_error{"not listed: " + std::to_string(pid)};
  return node::ask_program(places.front(), detail, Deadline{std::chrono::minutes{10}}).value();
}

inline const ActorStats& actor_named(const node::ProgramReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.stats.actors, name, &ActorStats::name);
  if (found == report.stats.actors.end()) throw std::runtime_error{"no actor " + name};
  return *found;
}

}  // namespace troupe::node_test
