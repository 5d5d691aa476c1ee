// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where sockets and pipes without a path of their own live: a directory that only this user can
// enter.

#include "troupe/base/result.hpp"

#include <string>

namespace troupe::transports {

// $XDG_RUNTIME_DIR/troupe, else $TMPDIR or /tmp followed by /troupe-<uid>; made with mode 0700 when
// it is not there. Errors: refused (it belongs to another user, or others may enter it), system.
Result<std::string> private_directory();

}  // namespace troupe::transports
