// SPDX-License-Identifier: Apache-2.0
#include "tools/ps.hpp"

#include "tools/listing.hpp"
#include "tools/look_options.hpp"
#include "tools/programs.hpp"
#include "tools/screen.hpp"
#include "tools/status.hpp"

#include <iostream>

namespace troupe::tools {

int ps(std::span<const char* const> arguments) {
  auto options = parse_look_options(Look::ps, arguments);
  if (!options) return wrong_command_line("ps", options.error());
  if (options->help) {
    std::cout << look_usage(Look::ps);
    return kDone;
  }
  const auto lines = list(*options, nullptr, output_width());
  if (!lines) return failed("ps", lines.error());
  for (const std::string& line : *lines) {
    std::cout << line << '\n';
  }
  return written("ps");
}

}  // namespace troupe::tools
