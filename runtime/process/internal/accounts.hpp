// SPDX-License-Identifier: Apache-2.0
#pragma once

// Accounts: the users and groups that subprocess::Options name, as the kernel's numbers.

#include "troupe/base/os/program.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/process/subprocess_options.hpp"

namespace troupe::process {

// Looks names up where the system does, which may block. Errors: invalid_argument (no such name or
// number, too many groups), system; each begins with the option and what it was given.
Result<os::Credentials> credentials_of(const subprocess::Options& options);

}  // namespace troupe::process
