// SPDX-License-Identifier: Apache-2.0
#include "tools/queue_serve.hpp"

#include "tools/status.hpp"
#include "troupe/runtime/fiber/park.hpp"

#include <string>

namespace troupe::tools {

Result<void> serve_queue(Runtime& runtime, const QueueCommand& command,
                         const ConnectOptions& connect) {
  QueueOptions options = command.queue;
  options.connect = connect;
  const auto lines = Queue<std::string>::create(runtime, command.address, options);
  if (!lines) return lines.error();
  if (lines->address() != command.address) {
    say(name_of(command.verb), "listening at " + lines->address().text());  // chosen for us
  }
  (void)park(runtime, std::span<PollItem>{}, forever);
  return {};
}

}  // namespace troupe::tools
