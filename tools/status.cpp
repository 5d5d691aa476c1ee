// SPDX-License-Identifier: Apache-2.0
#include "tools/status.hpp"

#include <iostream>
#include <string>

namespace troupe::tools {

void say(std::string_view command, std::string_view line) {
  std::cerr << "troupe " + std::string{command} + ": " + std::string{line} + "\n";
}

int failed(std::string_view command, const Error& error) {
  if (error == Code::cancelled) return kInterrupted;
  say(command, error.what());
  return kFailed;
}

int wrong_command_line(std::string_view command, const Error& error) {
  say(command, error.what());
  say(command, "troupe help " + std::string{command} + " lists the options");
  return kWrongCommandLine;
}

}  // namespace troupe::tools
