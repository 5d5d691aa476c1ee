// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of troupe queue.

#include "tools/connect_options.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/transports/address.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::tools {

enum class QueueVerb : std::uint8_t { serve, put, take, peek, stat, dead, close };

// "queue serve"
std::string_view name_of(QueueVerb verb);

struct QueueCommand : ConnectChoice {
  QueueVerb verb = QueueVerb::stat;
  Address address;
  std::optional<Duration> timeout;  // of each wait; none: the verb's own patience
  QueueOptions queue;               // of serve, but for its connect
  std::vector<std::string> lines;   // of put; none: those of standard input
  PutOptions put;
  std::uint64_t count =
      std::numeric_limits<std::uint64_t>::max();  // of items that take finishes, or peek shows
  std::optional<std::string> exec;                // what take does with each, for a shell
  Duration hold{};                                // how long take keeps each before it is finished
  bool discard = false;                           // dead removes what it shows
  bool help = false;

  Deadline patience() const { return timeout ? Deadline{*timeout} : Deadline{forever}; }
};

// `arguments`: what follows troupe queue. Errors: invalid_argument, with what to write instead.
Result<QueueCommand> parse_queue_command(std::span<const char* const> arguments);

std::string queue_usage();

}  // namespace troupe::tools
