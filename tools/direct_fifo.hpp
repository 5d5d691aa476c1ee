// SPDX-License-Identifier: Apache-2.0
#pragma once

// With framing=lines or raw, a named pipe is read and written itself, so that `echo hi > fifo` and
// `cat fifo` are at the other end.

#include "tools/channel_options.hpp"
#include "troupe/transports/address.hpp"

namespace troupe::tools {

// The address to use: with direct=read or direct=write added where that is meant.
Address address_for(Way way, const ChannelOptions& options);

}  // namespace troupe::tools
