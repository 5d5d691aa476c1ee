// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of wordcount.

#include "troupe/base/result.hpp"
#include "wordcount/tree.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace wordcount {

struct Options {
  std::string transport = "shm";
  std::size_t workers = 0;  // once parsed at least one
  Input input;
  std::size_t top = 20;
  std::size_t chaos = 0;  // how many workers are killed on the way
  bool verify = false;
  bool help = false;
};

// `arguments`: without the program's name. Errors: invalid_argument, with what to write instead.
troupe::Result<Options> parse_options(std::span<const char* const> arguments);

std::string_view usage();

}  // namespace wordcount
