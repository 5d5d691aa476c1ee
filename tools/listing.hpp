// SPDX-License-Identifier: Apache-2.0
#pragma once

// What troupe ps and troupe top list: programs, or the actors of one.

#include "tools/programs.hpp"
#include "tools/text_table.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace troupe::tools {

enum class Sort : std::uint8_t { as_it_is, mailbox, age, handling, rate, dropped };

// Errors: invalid_argument, naming those that there are.
Result<Sort> parse_sort(std::string_view name, std::string_view text);
std::string_view name_of(Sort sort);

// How many messages each has handled a second since the last look; nothing at the first.
class Rates final {
 public:
  struct Key {
    std::string path;          // of the program
    std::uint64_t number = 0;  // of the actor; 0: of all
    // NOLINTNEXTLINE(modernize-use-nullptr): it means the 0 of the comparison
    auto operator<=>(const Key&) const = default;
  };

  // A new look; `uptime` of the program is its time.
  double rate(const Key& key, std::uint64_t handled, Duration uptime);

 private:
  struct Look {
    std::uint64_t handled = 0;
    Duration uptime{};
    double rate = -1;
  };
  std::map<Key, Look> looks_;
};

// `rates`: null leaves that column out.
TextTable program_table(const std::vector<Program>& programs, Sort sort, Rates* rates);
TextTable actor_table(const Program& program, Sort sort, Rates* rates);
TextTable link_table(const node::ProgramReport& report);

// "wordcount (4711), up 3 min, troupe 0.1.0, build 1a2b…: 12 actors, 4 workers"
std::string heading_of(const node::ProgramReport& report);

}  // namespace troupe::tools
