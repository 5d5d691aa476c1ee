// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of troupe send and troupe recv.

#include "tools/connect_options.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/transports/address.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::tools {

enum class Way : std::uint8_t { send, recv };

constexpr std::string_view name_of(Way way) {
  return way == Way::send ? "send" : "recv";
}

struct ChannelOptions : ConnectChoice {
  Address address;
  bool listen = false;                                              // else dial
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();  // of messages, at most
  std::optional<Duration> timeout;  // of each wait for the other side; none: forever
  bool binary = false;
  bool help = false;

  Deadline patience() const { return timeout ? Deadline{*timeout} : Deadline{forever}; }
};

// `arguments`: what follows the command. Errors: invalid_argument, with what to write instead.
Result<ChannelOptions> parse_channel_options(Way way, std::span<const char* const> arguments);

std::string channel_usage(Way way);

}  // namespace troupe::tools
