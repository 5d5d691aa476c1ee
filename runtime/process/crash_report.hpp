// SPDX-License-Identifier: Apache-2.0
#pragma once

// Crash reports: a child that ends by SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT says first, over
// its status pipe, what ran and where: the starter has it in Exit::what. The handlers stay, pass
// each signal on to what was there before, and are the process's, as signals are. For
// the library.

#include <string>
#include <string_view>

namespace troupe::process {

// Where this process's reports go: a status pipe, which outlives it.
void set_crash_report(int status) noexcept;

// Has this process report crashes from now on. Without set_crash_report it does nothing.
void report_crashes();

// A report with the names of functions as people write them.
std::string with_readable_names(std::string_view report);

}  // namespace troupe::process
