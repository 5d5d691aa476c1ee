// SPDX-License-Identifier: Apache-2.0
#pragma once

// How troupe send and troupe recv get their connection: by listening for one, or by dialing.

#include "tools/channel_options.hpp"

#include <troupe/troupe.hpp>

#include <string_view>

namespace troupe::tools {

// Ctrl-C ends every wait; what the library logs goes to stderr, after the name of the command,
// which has to live as long.
RuntimeOptions runtime_options(std::string_view command);

// Waits for the other side for as long as options.timeout says. Errors: connect's and accept's.
Result<Connection> meet(Runtime& runtime, Way way, const ChannelOptions& options);

}  // namespace troupe::tools
