// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers and names as people read them.

#include <cstdint>
#include <string>
#include <string_view>

namespace wordcount {

std::string with_commas(std::uint64_t number);  // 1,234,567
std::string in_megabytes(std::uint64_t bytes);  // 12.3 MB, 4.56 GB
std::string with_decimals(double number, int decimals);
std::string minutes_and_seconds(double seconds);  // 0:07, 12:30, 1:02:03

// Text for a terminal: what could steer one, or is no UTF-8, is written as \x1b.
std::string printable(std::string_view text);

}  // namespace wordcount
