// SPDX-License-Identifier: Apache-2.0
#pragma once

// ProgramArguments: what who starts a program says to its Runtime: --troupe-role, --troupe-base, or
// TROUPE_ROLE and TROUPE_BASE in its environment; the command line counts for more. Not for users:
// Runtime::run and Runtime::address.

#include "troupe/transports/address.hpp"

#include <string>

namespace troupe {

struct ProgramArguments {
  std::string role;  // empty: none is said
  Address base;      // empty: none is said

  // Takes --troupe-… out of the arguments, as far as "--"; what is left stays in its order. Throws
  // Error: invalid_argument (there is no such option, its value is missing, or is no address).
  static ProgramArguments take(int& argc, char** argv);
  // Throws Error: invalid_argument (TROUPE_BASE is no address).
  static ProgramArguments of_environment();
};

// `name` under `base`: tcp://host:port/name, shm://name. A name is written as it is, but for bytes
// that mean something in an address, which become %XX.
Address address_under(const Address& base, std::string_view name);

}  // namespace troupe
