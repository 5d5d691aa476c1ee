// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a command connects: the options that are those of all commands which do.

#include "troupe/base/result.hpp"
#include "troupe/transports/options.hpp"

#include <filesystem>
#include <optional>
#include <string_view>

namespace troupe::tools {

class Arguments;

struct ConnectChoice {
  ConnectOptions connect;          // without the key, which is in key_file
  std::filesystem::path key_file;  // empty: no key

  // Errors: those of AuthKey::from_file.
  Result<ConnectOptions> with_key() const;
};

// Takes the present one into `choice`, with its value; nothing: it is none of these. Errors:
// invalid_argument, with what to write instead.
std::optional<Result<void>> take_connect_option(Arguments& at, ConnectChoice& choice);

// Their lines in the usage of a command, whose last ones they are.
std::string_view connect_usage();

}  // namespace troupe::tools
