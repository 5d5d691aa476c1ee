// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command lines of troupe ps, why, stacks and top.

#include "tools/listing.hpp"
#include "tools/programs.hpp"
#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

enum class Look : std::uint8_t { ps, why, stacks, top };

struct LookOptions {
  std::optional<Target> target;
  std::string actor;  // of why
  Sort sort = Sort::as_it_is;
  Duration every = std::chrono::seconds{1};  // of top
  bool help = false;
};

std::string_view name_of(Look look);
std::string look_usage(Look look);

// `arguments`: what follows the command. Errors: invalid_argument, with what to write instead.
Result<LookOptions> parse_look_options(Look look, std::span<const char* const> arguments);

// What ps and top show, line by line: the programs, or the actors of the target, and its links.
// Errors: look_at's.
Result<std::vector<std::string>> list(LookOptions& options, Rates* rates, std::size_t width);

}  // namespace troupe::tools
