// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the program troupe exits with, and how it says why.

#include "troupe/base/error.hpp"

#include <string_view>

namespace troupe::tools {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongCommandLine = 2;
inline constexpr int kInterrupted = 130;  // as a shell has it for a program that Ctrl-C ended

// A line on stderr, after the name of the command.
void say(std::string_view command, std::string_view line);

// Says the error; nothing of a Ctrl-C, whoever pressed it knows. Returns the status.
int failed(std::string_view command, const Error& error);
// Says it, and where help is.
int wrong_command_line(std::string_view command, const Error& error);

}  // namespace troupe::tools
